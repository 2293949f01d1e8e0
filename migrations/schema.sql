create sequence events_id_seq;
create sequence feed_id_seq;

create table agent_boots (
  agent_id uuid not null,
  boot_id text not null,
  first_ms double precision not null,
  last_ms double precision not null
);

create table agent_epochs (
  agent_id uuid not null,
  epoch text not null,
  seq bigint not null,
  started_at_ms double precision not null
);

create table agent_gaps (
  agent_id uuid not null,
  epoch text not null,
  seq bigint not null,
  from_ms double precision not null,
  to_ms double precision,
  cause text not null,
  events integer
);

create table agent_sessions (
  agent_id uuid not null,
  session_id text not null,
  generation bigint not null,
  replica text not null,
  boot_id text not null,
  run_id text not null,
  connected_at_ms double precision not null,
  last_seen_at_ms double precision not null,
  disconnected_at_ms double precision,
  synced boolean default false not null,
  clock_offset_ms double precision,
  clock_error_ms double precision,
  spool_backlog integer,
  router_alive boolean,
  machine_id text,
  dismissed_code integer,
  dismissed_reason text,
  excused_until_ms double precision,
  told_state text,
  transport text default 'websocket'::text not null,
  turn bigint default 0 not null
);

create table agents (
  id uuid default gen_random_uuid() not null,
  site_id uuid not null,
  node text not null,
  public_key text not null,
  software text not null,
  enrolled_at_ms double precision not null,
  quarantined_reason text,
  labels jsonb default '{}'::jsonb not null,
  standing text default 'approved'::text not null,
  standing_reason text,
  key_since_ms double precision,
  credential_serial text,
  credential_expires_at_ms double precision,
  candidate_key text,
  rotate_requested_at_ms double precision,
  enrolled_from text
);

create table api_tokens (
  id uuid default gen_random_uuid() not null,
  name text not null,
  prefix text not null,
  hash text not null,
  created_at_ms double precision not null,
  expires_at_ms double precision,
  revoked_at_ms double precision,
  grants jsonb not null,
  user_id uuid,
  created_by text,
  last_used_at_ms double precision
);

create table audit (
  id bigint not null,
  at_ms double precision not null,
  actor text not null,
  actor_name text not null,
  credential text,
  request_id text,
  action text not null,
  target_kind text not null,
  target_id text not null,
  site_id uuid,
  before jsonb,
  after jsonb,
  previous_hash text not null,
  hash text not null
);

create table availability_days (
  virtual_router_id uuid not null,
  start_ms double precision not null,
  served_ms double precision not null,
  degraded_ms double precision not null,
  down_ms double precision not null,
  unknown_ms double precision not null,
  excluded_ms double precision not null,
  outages integer not null
);

create table availability_hours (
  virtual_router_id uuid not null,
  start_ms double precision not null,
  served_ms double precision not null,
  degraded_ms double precision not null,
  down_ms double precision not null,
  unknown_ms double precision not null,
  excluded_ms double precision not null,
  outages integer not null
);

create table availability_routers (
  virtual_router_id uuid not null,
  first_ms double precision not null,
  computed_until_ms double precision not null,
  settled_until_ms double precision not null,
  stale_from_ms double precision,
  marks bigint default 0 not null
);

create table browser_sessions (
  id uuid default gen_random_uuid() not null,
  hash text not null,
  created_at_ms double precision not null,
  expires_at_ms double precision not null,
  grants jsonb,
  user_id uuid,
  api_token_id uuid,
  method text not null,
  address text,
  user_agent text,
  last_seen_at_ms double precision not null
);

create table centre_keys (
  public_key text not null,
  private_key text,
  sealed boolean not null,
  created_at_ms double precision not null,
  endorsed_by text,
  endorsement text,
  overlap_until_ms double precision
);

create table centre_watch (
  id integer not null,
  seen_at_ms double precision not null,
  due_at_ms double precision not null,
  away_since_ms double precision not null,
  back_at_ms double precision not null,
  amnesty_until_ms double precision not null
);

create table commands (
  id uuid default gen_random_uuid() not null,
  agent_id uuid not null,
  kind text not null,
  created_at_ms double precision not null,
  created_by text not null,
  expires_at_ms double precision not null,
  sent_at_ms double precision,
  sent_generation bigint,
  outcome text,
  detail text,
  finished_at_ms double precision
);

create table duties (
  name text not null,
  fence bigint not null,
  replica text not null,
  started_at_ms double precision not null,
  finished_at_ms double precision,
  outcome text,
  problem text,
  failures integer default 0 not null
);

create table enrolment_token_uses (
  token_id uuid not null,
  public_key text not null,
  agent_id uuid not null,
  used_at_ms double precision not null
);

create table enrolment_tokens (
  id uuid default gen_random_uuid() not null,
  hash text not null,
  site_id uuid not null,
  created_at_ms double precision not null,
  expires_at_ms double precision not null,
  max_uses integer not null,
  uses integer default 0 not null,
  revoked_at_ms double precision,
  created_by text not null,
  labels jsonb default '{}'::jsonb not null,
  needs_approval boolean default false not null
);

create table events (
  id bigint default nextval('events_id_seq'::regclass) not null,
  agent_id uuid not null,
  epoch text not null,
  seq bigint not null,
  site_id uuid not null,
  wall_ms double precision not null,
  mono_ms double precision not null,
  boot_id text not null,
  occurred_at_ms double precision not null,
  occurred_at_error_ms double precision,
  received_at_ms double precision not null,
  late boolean not null,
  kind text not null,
  virtual_router text,
  vrid integer,
  family text,
  body jsonb not null,
  content_hash text not null
) partition by RANGE (wall_ms);

create table exchange_keys (
  id text not null,
  key text not null,
  created_at_ms double precision not null
);

create table failovers (
  id text not null,
  site_id uuid not null,
  virtual_router_id uuid not null,
  vrid integer not null,
  from_agent_id uuid,
  to_agent_id uuid not null,
  reason text not null,
  planned boolean not null,
  occurred_at_ms double precision not null,
  occurred_at_error_ms double precision,
  received_at_ms double precision not null,
  late boolean not null,
  outage_ms double precision,
  evidence jsonb not null
);

create table feed (
  id bigint default nextval('feed_id_seq'::regclass) not null,
  kind text not null,
  ref text not null,
  epoch text,
  first_seq bigint,
  last_seq bigint,
  at_ms double precision not null,
  from_wall_ms double precision,
  to_wall_ms double precision
);

create table idempotency_keys (
  owner text not null,
  key text not null,
  request_hash text not null,
  answer text not null,
  created_at_ms double precision not null
);

create table provider_sign_ins (
  state_hash text not null,
  expires_at_ms double precision not null
);

create table replicas (
  id text not null,
  started_at_ms double precision not null,
  seen_at_ms double precision not null
);

create table sign_in_codes (
  hash text not null,
  created_at_ms double precision not null,
  expires_at_ms double precision not null,
  used_at_ms double precision
);

create table sign_in_failures (
  key text not null,
  failures integer not null,
  last_failed_at_ms double precision not null,
  blocked_until_ms double precision not null
);

create table sites (
  id uuid default gen_random_uuid() not null,
  name text not null,
  created_at_ms double precision not null,
  revision integer default 1 not null
);

create table transitions (
  agent_id uuid not null,
  epoch text not null,
  seq bigint not null,
  virtual_router_id uuid not null,
  wall_ms double precision not null,
  mono_ms double precision not null,
  boot_id text not null,
  occurred_at_ms double precision not null,
  occurred_at_error_ms double precision,
  received_at_ms double precision not null,
  late boolean not null,
  body jsonb not null
);

create table user_identities (
  issuer text not null,
  subject text not null,
  user_id uuid not null,
  created_at_ms double precision not null
);

create table users (
  id uuid default gen_random_uuid() not null,
  name text not null,
  password_hash text,
  grants jsonb not null,
  grants_from text not null,
  created_at_ms double precision not null,
  last_sign_in_at_ms double precision,
  disabled_at_ms double precision,
  revision integer default 1 not null
);

create table virtual_router_members (
  virtual_router_id uuid not null,
  agent_id uuid not null,
  role text not null,
  since_ms double precision not null,
  priority integer not null,
  interface text not null,
  epoch text not null,
  as_of_seq bigint not null,
  source text,
  heard_address text,
  taken_at_ms double precision,
  taken_by uuid
);

create table virtual_routers (
  id uuid default gen_random_uuid() not null,
  site_id uuid not null,
  name text not null,
  vrid integer not null,
  family text not null,
  addresses jsonb not null,
  created_at_ms double precision not null
);

create table events_default partition of events default;

alter sequence events_id_seq owned by events.id;
alter sequence feed_id_seq owned by feed.id;

alter table agent_boots add constraint agent_boots_agent_id_boot_id_pk PRIMARY KEY (agent_id, boot_id);
alter table agent_epochs add constraint agent_epochs_agent_id_epoch_pk PRIMARY KEY (agent_id, epoch);
alter table agent_gaps add constraint agent_gaps_agent_id_epoch_seq_pk PRIMARY KEY (agent_id, epoch, seq);
alter table agent_sessions add constraint agent_sessions_pkey PRIMARY KEY (agent_id);
alter table agents add constraint agents_pkey PRIMARY KEY (id);
alter table api_tokens add constraint api_tokens_pkey PRIMARY KEY (id);
alter table audit add constraint audit_pkey PRIMARY KEY (id);
alter table availability_days add constraint availability_days_virtual_router_id_start_ms_pk PRIMARY KEY (virtual_router_id, start_ms);
alter table availability_hours add constraint availability_hours_virtual_router_id_start_ms_pk PRIMARY KEY (virtual_router_id, start_ms);
alter table availability_routers add constraint availability_routers_pkey PRIMARY KEY (virtual_router_id);
alter table browser_sessions add constraint browser_sessions_pkey PRIMARY KEY (id);
alter table centre_keys add constraint centre_keys_pkey PRIMARY KEY (public_key);
alter table centre_watch add constraint centre_watch_pkey PRIMARY KEY (id);
alter table commands add constraint commands_pkey PRIMARY KEY (id);
alter table duties add constraint duties_pkey PRIMARY KEY (name);
alter table enrolment_token_uses add constraint enrolment_token_uses_token_id_public_key_pk PRIMARY KEY (token_id, public_key);
alter table enrolment_tokens add constraint enrolment_tokens_pkey PRIMARY KEY (id);
alter table events_default add constraint events_default_pkey PRIMARY KEY (agent_id, epoch, seq);
alter table exchange_keys add constraint exchange_keys_pkey PRIMARY KEY (id);
alter table failovers add constraint failovers_pkey PRIMARY KEY (id);
alter table feed add constraint feed_pkey PRIMARY KEY (id);
alter table idempotency_keys add constraint idempotency_keys_owner_key_pk PRIMARY KEY (owner, key);
alter table provider_sign_ins add constraint provider_sign_ins_pkey PRIMARY KEY (state_hash);
alter table replicas add constraint replicas_pkey PRIMARY KEY (id);
alter table sign_in_codes add constraint sign_in_codes_pkey PRIMARY KEY (hash);
alter table sign_in_failures add constraint sign_in_failures_pkey PRIMARY KEY (key);
alter table sites add constraint sites_pkey PRIMARY KEY (id);
alter table transitions add constraint transitions_agent_id_epoch_seq_pk PRIMARY KEY (agent_id, epoch, seq);
alter table user_identities add constraint user_identities_issuer_subject_pk PRIMARY KEY (issuer, subject);
alter table users add constraint users_pkey PRIMARY KEY (id);
alter table virtual_router_members add constraint virtual_router_members_virtual_router_id_agent_id_pk PRIMARY KEY (virtual_router_id, agent_id);
alter table virtual_routers add constraint virtual_routers_pkey PRIMARY KEY (id);
alter table agents add constraint agents_public_key UNIQUE (public_key);
alter table agents add constraint agents_site_node UNIQUE (site_id, node);
alter table api_tokens add constraint api_tokens_hash_unique UNIQUE (hash);
alter table browser_sessions add constraint browser_sessions_hash_unique UNIQUE (hash);
alter table enrolment_tokens add constraint enrolment_tokens_hash_unique UNIQUE (hash);
alter table sites add constraint sites_name_unique UNIQUE (name);
alter table users add constraint users_name_unique UNIQUE (name);
alter table virtual_routers add constraint virtual_routers_key UNIQUE (site_id, name, vrid, family);
alter table commands add constraint commands_finished CHECK (((outcome IS NULL) = (finished_at_ms IS NULL)));
alter table commands add constraint commands_outcome CHECK ((outcome = ANY (ARRAY['done'::text, 'failed'::text, 'unsupported'::text, 'expired'::text])));
alter table enrolment_tokens add constraint enrolment_tokens_uses CHECK (((uses >= 0) AND (uses <= max_uses)));
alter table agent_epochs add constraint agent_epochs_agent_id_agents_id_fk FOREIGN KEY (agent_id) REFERENCES agents(id) ON DELETE CASCADE;
alter table agent_sessions add constraint agent_sessions_agent_id_agents_id_fk FOREIGN KEY (agent_id) REFERENCES agents(id) ON DELETE CASCADE;
alter table agents add constraint agents_site_id_sites_id_fk FOREIGN KEY (site_id) REFERENCES sites(id);
alter table api_tokens add constraint api_tokens_user_id_users_id_fk FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE;
alter table availability_routers add constraint availability_routers_virtual_router_id_virtual_routers_id_fk FOREIGN KEY (virtual_router_id) REFERENCES virtual_routers(id) ON DELETE CASCADE;
alter table browser_sessions add constraint browser_sessions_api_token_id_api_tokens_id_fk FOREIGN KEY (api_token_id) REFERENCES api_tokens(id) ON DELETE CASCADE;
alter table browser_sessions add constraint browser_sessions_user_id_users_id_fk FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE;
alter table commands add constraint commands_agent_id_agents_id_fk FOREIGN KEY (agent_id) REFERENCES agents(id) ON DELETE CASCADE;
alter table enrolment_token_uses add constraint enrolment_token_uses_agent_id_agents_id_fk FOREIGN KEY (agent_id) REFERENCES agents(id) ON DELETE CASCADE;
alter table enrolment_token_uses add constraint enrolment_token_uses_token_id_enrolment_tokens_id_fk FOREIGN KEY (token_id) REFERENCES enrolment_tokens(id) ON DELETE CASCADE;
alter table enrolment_tokens add constraint enrolment_tokens_site_id_sites_id_fk FOREIGN KEY (site_id) REFERENCES sites(id);
alter table failovers add constraint failovers_from_agent_id_agents_id_fk FOREIGN KEY (from_agent_id) REFERENCES agents(id);
alter table failovers add constraint failovers_site_id_sites_id_fk FOREIGN KEY (site_id) REFERENCES sites(id);
alter table failovers add constraint failovers_to_agent_id_agents_id_fk FOREIGN KEY (to_agent_id) REFERENCES agents(id);
alter table failovers add constraint failovers_virtual_router_id_virtual_routers_id_fk FOREIGN KEY (virtual_router_id) REFERENCES virtual_routers(id);
alter table user_identities add constraint user_identities_user_id_users_id_fk FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE;
alter table virtual_router_members add constraint virtual_router_members_agent_id_agents_id_fk FOREIGN KEY (agent_id) REFERENCES agents(id) ON DELETE CASCADE;
alter table virtual_router_members add constraint virtual_router_members_virtual_router_id_virtual_routers_id_fk FOREIGN KEY (virtual_router_id) REFERENCES virtual_routers(id) ON DELETE CASCADE;
alter table virtual_routers add constraint virtual_routers_site_id_sites_id_fk FOREIGN KEY (site_id) REFERENCES sites(id);

CREATE INDEX agent_gaps_open ON public.agent_gaps USING btree (agent_id, epoch) WHERE (to_ms IS NULL);
CREATE INDEX agent_sessions_dismissed ON public.agent_sessions USING btree (replica) WHERE (dismissed_code IS NOT NULL);
CREATE INDEX agent_sessions_live ON public.agent_sessions USING btree (replica) WHERE (disconnected_at_ms IS NULL);
CREATE INDEX api_tokens_user ON public.api_tokens USING btree (user_id);
CREATE INDEX audit_actor ON public.audit USING btree (actor, id);
CREATE INDEX audit_site ON public.audit USING btree (site_id, id);
CREATE INDEX audit_target ON public.audit USING btree (target_kind, target_id, id);
CREATE INDEX availability_hours_start ON public.availability_hours USING btree (start_ms);
CREATE INDEX browser_sessions_token ON public.browser_sessions USING btree (api_token_id);
CREATE INDEX browser_sessions_user ON public.browser_sessions USING btree (user_id);
CREATE INDEX commands_agent ON public.commands USING btree (agent_id, created_at_ms, id);
CREATE INDEX commands_waiting ON public.commands USING btree (expires_at_ms) WHERE (outcome IS NULL);
CREATE INDEX events_arrival ON ONLY public.events USING btree (id);
CREATE INDEX events_site ON ONLY public.events USING btree (site_id, id);
CREATE INDEX events_times ON ONLY public.events USING brin (received_at_ms, occurred_at_ms);
CREATE INDEX events_virtual_router ON ONLY public.events USING btree (site_id, vrid, family, id) WHERE (vrid IS NOT NULL);
CREATE INDEX failovers_occurred ON public.failovers USING btree (occurred_at_ms, id);
CREATE INDEX failovers_received ON public.failovers USING brin (received_at_ms);
CREATE INDEX failovers_site ON public.failovers USING btree (site_id, occurred_at_ms, id);
CREATE INDEX failovers_virtual_router ON public.failovers USING btree (virtual_router_id, occurred_at_ms, id);
CREATE INDEX idempotency_keys_age ON public.idempotency_keys USING btree (created_at_ms);
CREATE INDEX transitions_member ON public.transitions USING btree (virtual_router_id, agent_id, occurred_at_ms);
CREATE INDEX transitions_received ON public.transitions USING brin (received_at_ms);
CREATE INDEX transitions_virtual_router ON public.transitions USING btree (virtual_router_id, occurred_at_ms);
CREATE INDEX user_identities_user ON public.user_identities USING btree (user_id);
CREATE INDEX virtual_router_members_agent ON public.virtual_router_members USING btree (agent_id);

CREATE OR REPLACE FUNCTION public.audit_is_append_only()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception 'audit entries are never changed or removed' using errcode = 'insufficient_privilege';
end
$function$;

CREATE TRIGGER audit_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
