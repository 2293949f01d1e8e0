CREATE TABLE "api_tokens" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"name" text NOT NULL,
	"prefix" text NOT NULL,
	"hash" text NOT NULL,
	"scopes" jsonb NOT NULL,
	"created_at_ms" double precision NOT NULL,
	"expires_at_ms" double precision,
	"revoked_at_ms" double precision,
	CONSTRAINT "api_tokens_hash_unique" UNIQUE("hash")
);
--> statement-breakpoint
CREATE TABLE "browser_sessions" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"hash" text NOT NULL,
	"scopes" jsonb NOT NULL,
	"created_at_ms" double precision NOT NULL,
	"expires_at_ms" double precision NOT NULL,
	CONSTRAINT "browser_sessions_hash_unique" UNIQUE("hash")
);
--> statement-breakpoint
CREATE TABLE "sign_in_codes" (
	"hash" text PRIMARY KEY NOT NULL,
	"created_at_ms" double precision NOT NULL,
	"expires_at_ms" double precision NOT NULL,
	"used_at_ms" double precision
);
--> statement-breakpoint
CREATE TABLE "agent_epochs" (
	"agent_id" uuid NOT NULL,
	"epoch" text NOT NULL,
	"seq" bigint NOT NULL,
	"started_at_ms" double precision NOT NULL,
	CONSTRAINT "agent_epochs_agent_id_epoch_pk" PRIMARY KEY("agent_id","epoch")
);
--> statement-breakpoint
CREATE TABLE "agent_sessions" (
	"agent_id" uuid PRIMARY KEY NOT NULL,
	"session_id" text NOT NULL,
	"generation" bigint NOT NULL,
	"replica" text NOT NULL,
	"boot_id" text NOT NULL,
	"run_id" text NOT NULL,
	"connected_at_ms" double precision NOT NULL,
	"last_seen_at_ms" double precision NOT NULL,
	"disconnected_at_ms" double precision,
	"synced" boolean DEFAULT false NOT NULL,
	"clock_offset_ms" double precision,
	"clock_error_ms" double precision,
	"spool_backlog" integer,
	"router_alive" boolean
);
--> statement-breakpoint
CREATE TABLE "agents" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"site_id" uuid NOT NULL,
	"node" text NOT NULL,
	"public_key" text NOT NULL,
	"software" text NOT NULL,
	"enrolled_at_ms" double precision NOT NULL,
	"quarantined_reason" text,
	CONSTRAINT "agents_site_node" UNIQUE("site_id","node"),
	CONSTRAINT "agents_public_key" UNIQUE("public_key")
);
--> statement-breakpoint
CREATE TABLE "enrolment_token_uses" (
	"token_id" uuid NOT NULL,
	"public_key" text NOT NULL,
	"agent_id" uuid NOT NULL,
	"used_at_ms" double precision NOT NULL,
	CONSTRAINT "enrolment_token_uses_token_id_public_key_pk" PRIMARY KEY("token_id","public_key")
);
--> statement-breakpoint
CREATE TABLE "enrolment_tokens" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"hash" text NOT NULL,
	"site_id" uuid NOT NULL,
	"created_at_ms" double precision NOT NULL,
	"expires_at_ms" double precision NOT NULL,
	"max_uses" integer NOT NULL,
	"uses" integer DEFAULT 0 NOT NULL,
	"revoked_at_ms" double precision,
	"created_by" text NOT NULL,
	"idempotency_key" text,
	"request_hash" text NOT NULL,
	CONSTRAINT "enrolment_tokens_hash_unique" UNIQUE("hash"),
	CONSTRAINT "enrolment_tokens_idempotency" UNIQUE("created_by","idempotency_key"),
	CONSTRAINT "enrolment_tokens_uses" CHECK ("enrolment_tokens"."uses" between 0 and "enrolment_tokens"."max_uses")
);
--> statement-breakpoint
CREATE TABLE "replicas" (
	"id" text PRIMARY KEY NOT NULL,
	"started_at_ms" double precision NOT NULL,
	"seen_at_ms" double precision NOT NULL
);
--> statement-breakpoint
CREATE TABLE "events" (
	"id" bigserial NOT NULL,
	"agent_id" uuid NOT NULL,
	"epoch" text NOT NULL,
	"seq" bigint NOT NULL,
	"site_id" uuid NOT NULL,
	"wall_ms" double precision NOT NULL,
	"mono_ms" double precision NOT NULL,
	"boot_id" text NOT NULL,
	"occurred_at_ms" double precision NOT NULL,
	"occurred_at_error_ms" double precision,
	"received_at_ms" double precision NOT NULL,
	"late" boolean NOT NULL,
	"kind" text NOT NULL,
	"virtual_router" text,
	"vrid" integer,
	"family" text,
	"body" jsonb NOT NULL,
	"content_hash" text NOT NULL,
	CONSTRAINT "events_agent_id_epoch_seq_pk" PRIMARY KEY("agent_id","epoch","seq")
);
--> statement-breakpoint
CREATE TABLE "failovers" (
	"id" text PRIMARY KEY NOT NULL,
	"site_id" uuid NOT NULL,
	"virtual_router_id" uuid NOT NULL,
	"vrid" integer NOT NULL,
	"from_agent_id" uuid,
	"to_agent_id" uuid NOT NULL,
	"reason" text NOT NULL,
	"planned" boolean NOT NULL,
	"occurred_at_ms" double precision NOT NULL,
	"occurred_at_error_ms" double precision,
	"received_at_ms" double precision NOT NULL,
	"late" boolean NOT NULL,
	"outage_ms" double precision,
	"evidence" jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "feed" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"ref" text NOT NULL,
	"epoch" text,
	"first_seq" bigint,
	"last_seq" bigint,
	"at_ms" double precision NOT NULL
);
--> statement-breakpoint
CREATE TABLE "sites" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"name" text NOT NULL,
	"created_at_ms" double precision NOT NULL,
	CONSTRAINT "sites_name_unique" UNIQUE("name")
);
--> statement-breakpoint
CREATE TABLE "virtual_router_members" (
	"virtual_router_id" uuid NOT NULL,
	"agent_id" uuid NOT NULL,
	"role" text NOT NULL,
	"since_ms" double precision NOT NULL,
	"priority" integer NOT NULL,
	"interface" text NOT NULL,
	"epoch" text NOT NULL,
	"as_of_seq" bigint NOT NULL,
	CONSTRAINT "virtual_router_members_virtual_router_id_agent_id_pk" PRIMARY KEY("virtual_router_id","agent_id")
);
--> statement-breakpoint
CREATE TABLE "virtual_routers" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"site_id" uuid NOT NULL,
	"name" text NOT NULL,
	"vrid" integer NOT NULL,
	"family" text NOT NULL,
	"addresses" jsonb NOT NULL,
	"created_at_ms" double precision NOT NULL,
	CONSTRAINT "virtual_routers_key" UNIQUE("site_id","name","vrid","family")
);
--> statement-breakpoint
ALTER TABLE "agent_epochs" ADD CONSTRAINT "agent_epochs_agent_id_agents_id_fk" FOREIGN KEY ("agent_id") REFERENCES "public"."agents"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "agent_sessions" ADD CONSTRAINT "agent_sessions_agent_id_agents_id_fk" FOREIGN KEY ("agent_id") REFERENCES "public"."agents"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "agents" ADD CONSTRAINT "agents_site_id_sites_id_fk" FOREIGN KEY ("site_id") REFERENCES "public"."sites"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "enrolment_token_uses" ADD CONSTRAINT "enrolment_token_uses_token_id_enrolment_tokens_id_fk" FOREIGN KEY ("token_id") REFERENCES "public"."enrolment_tokens"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "enrolment_token_uses" ADD CONSTRAINT "enrolment_token_uses_agent_id_agents_id_fk" FOREIGN KEY ("agent_id") REFERENCES "public"."agents"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "enrolment_tokens" ADD CONSTRAINT "enrolment_tokens_site_id_sites_id_fk" FOREIGN KEY ("site_id") REFERENCES "public"."sites"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "failovers" ADD CONSTRAINT "failovers_site_id_sites_id_fk" FOREIGN KEY ("site_id") REFERENCES "public"."sites"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "failovers" ADD CONSTRAINT "failovers_virtual_router_id_virtual_routers_id_fk" FOREIGN KEY ("virtual_router_id") REFERENCES "public"."virtual_routers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "failovers" ADD CONSTRAINT "failovers_from_agent_id_agents_id_fk" FOREIGN KEY ("from_agent_id") REFERENCES "public"."agents"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "failovers" ADD CONSTRAINT "failovers_to_agent_id_agents_id_fk" FOREIGN KEY ("to_agent_id") REFERENCES "public"."agents"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "virtual_router_members" ADD CONSTRAINT "virtual_router_members_virtual_router_id_virtual_routers_id_fk" FOREIGN KEY ("virtual_router_id") REFERENCES "public"."virtual_routers"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "virtual_router_members" ADD CONSTRAINT "virtual_router_members_agent_id_agents_id_fk" FOREIGN KEY ("agent_id") REFERENCES "public"."agents"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "virtual_routers" ADD CONSTRAINT "virtual_routers_site_id_sites_id_fk" FOREIGN KEY ("site_id") REFERENCES "public"."sites"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "agent_sessions_live" ON "agent_sessions" USING btree ("replica") WHERE "agent_sessions"."disconnected_at_ms" is null;--> statement-breakpoint
CREATE INDEX "events_arrival" ON "events" USING btree ("id");--> statement-breakpoint
CREATE INDEX "events_occurred" ON "events" USING btree ("site_id","occurred_at_ms");--> statement-breakpoint
CREATE INDEX "events_virtual_router" ON "events" USING btree ("site_id","vrid","family","occurred_at_ms");--> statement-breakpoint
CREATE INDEX "failovers_occurred" ON "failovers" USING btree ("occurred_at_ms","id");--> statement-breakpoint
CREATE INDEX "failovers_site" ON "failovers" USING btree ("site_id","occurred_at_ms","id");--> statement-breakpoint
CREATE INDEX "failovers_virtual_router" ON "failovers" USING btree ("virtual_router_id","occurred_at_ms","id");--> statement-breakpoint
CREATE INDEX "virtual_router_members_agent" ON "virtual_router_members" USING btree ("agent_id");