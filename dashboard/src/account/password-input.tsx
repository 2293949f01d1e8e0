import { useId } from 'react'
import type { PasswordField } from './password-faults.ts'

interface PasswordInputProps {
  readonly label: string
  readonly name: PasswordField
  readonly autoComplete: 'current-password' | 'new-password'
  readonly value: string
  readonly fault: string | undefined
  /** What is always to be known of it. */
  readonly hint?: string
  readonly shown: boolean
  readonly onType: (value: string) => void
}

/** A labelled field, with what is wrong with it beside it and read with it. */
export function PasswordInput(props: PasswordInputProps) {
  const { label, name, autoComplete, value, fault, hint, shown, onType } = props
  const [id, hintId, faultId] = [useId(), useId(), useId()]
  const about = [hint && hintId, fault && faultId].filter(Boolean).join(' ')
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        data-field={name}
        type={shown ? 'text' : 'password'}
        autoComplete={autoComplete}
        autoCapitalize="none"
        spellCheck={false}
        required
        value={value}
        onChange={(event) => onType(event.target.value)}
        aria-invalid={fault !== undefined}
        aria-describedby={about === '' ? undefined : about}
      />
      {hint !== undefined && (
        <p className="quiet small" id={hintId}>
          {hint}
        </p>
      )}
      {fault !== undefined && (
        <p className="fault sentence" id={faultId}>
          {fault}
        </p>
      )}
    </div>
  )
}
