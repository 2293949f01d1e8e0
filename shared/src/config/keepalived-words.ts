/**
 * keepalived's keywords of an instance that somebody who comes from there writes first, and what says the same here.
 * keepalived changes some of them silently as others are written (keepalived-and-vrrp.md §1.5); here each is refused
 * by a code of its own.
 */
const SAME: Readonly<Record<string, string>> = {
  state: 'leave it out: priority decides who is active, and 255 owns the addresses and begins as active',
  nopreempt: 'write preempt: false',
  preempt_delay: 'write preempt: { delay: 30s }; it stands in the place of preempt: false, not beside it',
  virtual_router_id: 'write vrid: 51',
  advert_int: 'write advertisementInterval: 1s',
  virtual_ipaddress: 'write addresses: [192.0.2.100/24]',
  virtual_ipaddress_excluded: 'write excludedAddresses: [192.0.2.101/24]',
  no_virtual_ipaddress: 'leave it out: a virtual router has at least one address',
  virtual_routes: 'write routes: [{ to: 198.51.100.0/24, via: 192.0.2.254 }]',
  virtual_rules: 'write rules: [{ from: 192.0.2.100, table: 100 }]',
  unicast_src_ip: 'write sourceAddress: 192.0.2.11',
  mcast_src_ip: 'write sourceAddress: 192.0.2.11',
  track_src_ip: 'write trackSourceAddress: true',
  unicast_peer: 'write unicast: { peers: [192.0.2.12] }',
  mcast_dst_ip: 'write multicastGroup: 224.0.0.18',
  use_vmac: 'write virtualMac: true',
  no_accept: 'write accept: false',
  track_interface: 'write track: [{ interface: eth1 }]',
  track_script: 'write track: [{ script: haproxy }]',
  track_file: 'write track: [{ file: drain }]',
  track_process: 'write track: [{ process: bird }]',
  track_bfd: 'write track: [{ bfd: core1 }]',
  dont_track_primary: 'write trackPrimary: false',
  notify_master: 'write notify: { active: [/path/to/script] }',
  notify_backup: 'write notify: { backup: [/path/to/script] }',
  notify_fault: 'write notify: { fault: [/path/to/script] }',
  vrf: 'write interface: the interface the addresses are on, which may be in a VRF',
}

/** Null: no keyword of keepalived's that is known here. `hint` says what to write. */
export function keepalivedWord(key: string): { readonly code: string; readonly hint: string } | null {
  const hint = Object.hasOwn(SAME, key) ? SAME[key] : undefined
  return hint === undefined ? null : { code: `keepalived-${key.replaceAll('_', '-')}`, hint }
}
