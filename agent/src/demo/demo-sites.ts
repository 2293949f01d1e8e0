/** The two sites of the demo, and each node's config as an operator would write it. */

export interface DemoNode {
  readonly name: string
  /** eth0, with prefix length. */
  readonly address: string
  readonly priorities: Readonly<Record<string, number>>
}

export interface DemoRouter {
  readonly name: string
  readonly vrid: number
  readonly advertisementInterval: string
  readonly address: string
}

export interface DemoSite {
  readonly name: string
  readonly clientAddress: string
  readonly nodes: readonly DemoNode[]
  readonly routers: readonly DemoRouter[]
}

/** Documentation addresses (RFC 5737), so that nothing here can be mistaken for a real network. */
export const DEMO_SITES: readonly DemoSite[] = [
  {
    name: 'amsterdam',
    clientAddress: '192.0.2.254/24',
    nodes: [
      { name: 'lb1', address: '192.0.2.1/24', priorities: { web: 200, database: 100 } },
      { name: 'lb2', address: '192.0.2.2/24', priorities: { web: 100, database: 200 } },
    ],
    routers: [
      { name: 'web', vrid: 51, advertisementInterval: '100ms', address: '192.0.2.100/24' },
      { name: 'database', vrid: 52, advertisementInterval: '1s', address: '192.0.2.101/24' },
    ],
  },
  {
    name: 'berlin',
    clientAddress: '198.51.100.254/24',
    nodes: [
      { name: 'gw1', address: '198.51.100.1/24', priorities: { edge: 200 } },
      { name: 'gw2', address: '198.51.100.2/24', priorities: { edge: 150 } },
      { name: 'gw3', address: '198.51.100.3/24', priorities: { edge: 100 } },
    ],
    routers: [{ name: 'edge', vrid: 10, advertisementInterval: '200ms', address: '198.51.100.100/24' }],
  },
]

export function configText(site: DemoSite, node: DemoNode): string {
  const routers = site.routers.map(
    ({ name, vrid, advertisementInterval, address }) => `  - name: ${name}
    interface: eth0
    vrid: ${vrid}
    priority: ${node.priorities[name]}
    advertisementInterval: ${advertisementInterval}
    addresses: [${address}]
`,
  )
  return `node: ${node.name}\nvirtualRouters:\n${routers.join('')}`
}

/** `amsterdam/lb1` → its site and node, or why there is no such thing. */
export function findNode(
  path: string,
): { readonly site: DemoSite; readonly node: DemoNode } | { readonly unknown: string } {
  const [siteName, nodeName] = path.split('/')
  const site = DEMO_SITES.find(({ name }) => name === siteName)
  const node = site?.nodes.find(({ name }) => name === nodeName)
  if (site !== undefined && node !== undefined) return { site, node }
  const known = DEMO_SITES.flatMap(({ name, nodes }) => nodes.map((each) => `${name}/${each.name}`))
  return { unknown: `there is no node ${path} in the demo; its nodes are ${known.join(', ')}` }
}
