import type { Figure, Sample } from '@aloft/shared/metrics/exposition'

/** As many as a busy second has: quantiles are of what happened lately. */
const KEPT = 2_048

/** Durations and their quantiles over the last of them. */
export class Summary {
  readonly #last = new Float64Array(KEPT)
  #count = 0
  #sum = 0

  observe(value: number): void {
    this.#last[this.#count % KEPT] = value
    this.#count += 1
    this.#sum += value
  }

  figure(name: string, help: string): Figure {
    const sorted = this.#last.slice(0, Math.min(this.#count, KEPT)).sort()
    const quantiles = [0.5, 0.99].map(
      (quantile): Sample => ({
        labels: { quantile: String(quantile) },
        value: sorted[Math.ceil(quantile * sorted.length) - 1] ?? Number.NaN,
      }),
    )
    const totals: Sample[] = [
      { suffix: '_sum', value: this.#sum },
      { suffix: '_count', value: this.#count },
    ]
    return { name, help, type: 'summary', samples: [...quantiles, ...totals] }
  }
}
