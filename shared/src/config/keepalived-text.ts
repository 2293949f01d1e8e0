/** The blocks only a keepalived.conf opens; none of them can begin a line of an Aloft config. */
const KEEPALIVED_BLOCK =
  /^\s*(global_defs|vrrp_instance\s+\S+|vrrp_script\s+\S+|vrrp_sync_group\s+\S+|virtual_server(_group)?\s+[^:]+|static_ipaddress|track_file\s+\S+|vrrp_track_process\s+\S+|bfd_instance\s+\S+)\s*(\{.*)?$/

/** The first line that shows a text to be a keepalived.conf, from 1; null when it is something else. */
export function keepalivedLine(text: string): number | null {
  const at = text.split('\n').findIndex((line) => line.length < 1_024 && KEEPALIVED_BLOCK.test(line))
  return at === -1 ? null : at + 1
}
