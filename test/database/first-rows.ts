/**
 * Rows for every table of migration 0000, as the first release wrote them: what an upgrade finds. `NOW` stands for the
 * instant of the test, in milliseconds.
 */
export const FIRST_ROWS = `
insert into sites values ('00000000-0000-4000-8000-000000000001', 'berlin', NOW - 9e9), ('00000000-0000-4000-8000-000000000002', 'oslo', NOW - 9e9);
insert into agents values
  ('00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-000000000001', 'lb1', 'key-a', 'aloft/0.1.0', NOW - 9e9, null),
  ('00000000-0000-4000-8000-00000000000b', '00000000-0000-4000-8000-000000000001', 'lb2', 'key-b', 'aloft/0.1.0', NOW - 9e9, null),
  ('00000000-0000-4000-8000-00000000000c', '00000000-0000-4000-8000-000000000002', 'lb1', 'key-c', 'aloft/0.1.0', NOW - 9e9, 'spool rewound');
insert into agent_sessions values
  ('00000000-0000-4000-8000-00000000000a', 's1', 7, 'replica', 'boot', 'run', NOW - 5e5, NOW - 1e3, null, true, -12.5, 0.75, 3, true),
  ('00000000-0000-4000-8000-00000000000b', 's2', 1, 'replica', 'boot', 'run', NOW - 5e5, NOW - 4e5, NOW - 4e5, false, null, null, null, null);
insert into agent_epochs values ('00000000-0000-4000-8000-00000000000a', 'e1', 6, NOW - 9e9), ('00000000-0000-4000-8000-00000000000b', 'e2', 2, NOW - 9e9);
insert into replicas values ('replica', NOW - 5e5, NOW - 1e3);
insert into enrolment_tokens values ('00000000-0000-4000-8000-0000000000f0', 'hash', '00000000-0000-4000-8000-000000000001', NOW - 9e9, NOW + 9e9, 3, 2, null, 'token:x', 'again', 'request');
insert into enrolment_token_uses values ('00000000-0000-4000-8000-0000000000f0', 'key-a', '00000000-0000-4000-8000-00000000000a', NOW - 9e9);
insert into api_tokens values
  ('00000000-0000-4000-8000-0000000000e0', 'admin', 'aloft_ab', 'hash-1', '["read","write"]', NOW - 9e9, null, null),
  ('00000000-0000-4000-8000-0000000000e1', 'wall board', 'aloft_cd', 'hash-2', '["read"]', NOW - 9e9, NOW + 9e9, NOW);
insert into sign_in_codes values ('code', NOW - 9e5, NOW - 3e5, null);
insert into browser_sessions values ('00000000-0000-4000-8000-0000000000d0', 'hash-3', '["read","write"]', NOW - 9e5, NOW + 9e9);
insert into virtual_routers values
  ('00000000-0000-4000-8000-0000000000c0', '00000000-0000-4000-8000-000000000001', 'web', 51, 'ipv4', '["192.0.2.100/24"]', NOW - 9e9),
  ('00000000-0000-4000-8000-0000000000c1', '00000000-0000-4000-8000-000000000001', 'web', 51, 'ipv6', '["2001:db8::64/64"]', NOW - 9e9);
insert into virtual_router_members values
  ('00000000-0000-4000-8000-0000000000c0', '00000000-0000-4000-8000-00000000000a', 'fault', NOW - 2e6, 200, 'eth0', 'e1', 4),
  ('00000000-0000-4000-8000-0000000000c0', '00000000-0000-4000-8000-00000000000b', 'active', NOW - 2e6, 100, 'eth0', 'e2', 2);
insert into events (agent_id, epoch, seq, site_id, wall_ms, mono_ms, boot_id, occurred_at_ms, occurred_at_error_ms, received_at_ms,
  late, kind, virtual_router, vrid, family, body, content_hash)
select agent::uuid, epoch, seq, '00000000-0000-4000-8000-000000000001', wall, seq, 'boot', wall - 12.125, 0.75, NOW - 1e3, seq = 1, kind,
  virtual_router, case when virtual_router is null then null else 51 end, case when virtual_router is null then null else 'ipv4' end,
  jsonb_build_object('kind', kind, 'n', seq, 'text', 'a "b" ü'), 'content-' || seq
from (values
  ('00000000-0000-4000-8000-00000000000a', 'e1', 1, NOW - 40 * 86400000.0, 'transition', 'web'),
  ('00000000-0000-4000-8000-00000000000a', 'e1', 2, NOW - 39 * 86400000.0, 'link', null),
  ('00000000-0000-4000-8000-00000000000a', 'e1', 3, NOW - 2e6 - 300, 'resumed', 'web'),
  ('00000000-0000-4000-8000-00000000000a', 'e1', 4, NOW - 2e6 - 200.125, 'transition', 'web'),
  ('00000000-0000-4000-8000-00000000000a', 'e1', 5, 1000.5, 'gap', null),
  ('00000000-0000-4000-8000-00000000000a', 'e1', 6, 4102444800000, 'process', null),
  ('00000000-0000-4000-8000-00000000000b', 'e2', 1, NOW - 500 * 86400000.0, 'process', null),
  ('00000000-0000-4000-8000-00000000000b', 'e2', 2, NOW - 2e6, 'transition', 'web')
) as e(agent, epoch, seq, wall, kind, virtual_router);
insert into failovers values ('f1', '00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-0000000000c0', 51,
  '00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000b', 'no-response', false, NOW - 2e6, 0.75, NOW - 1e6, false, 312.5,
  '[{"agentId":"00000000-0000-4000-8000-00000000000a","epoch":"e1","seq":4},{"agentId":"00000000-0000-4000-8000-00000000000b","epoch":"e2","seq":2}]');
insert into feed (kind, ref, epoch, first_seq, last_seq, at_ms) values
  ('events', '00000000-0000-4000-8000-00000000000a', 'e1', 1, 6, NOW - 1e6), ('failover', 'f1', null, null, null, NOW - 1e6);
`
