/** Whether it is written as the ids of agents and virtual routers are: a UUID (RFC 9562 §4). */
export function isId(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)
}
