CREATE TABLE "centre_keys" (
	"public_key" text PRIMARY KEY NOT NULL,
	"private_key" text,
	"sealed" boolean NOT NULL,
	"created_at_ms" double precision NOT NULL,
	"endorsed_by" text,
	"endorsement" text,
	"overlap_until_ms" double precision
);
--> statement-breakpoint
ALTER TABLE "agent_sessions" ADD COLUMN "machine_id" text;--> statement-breakpoint
ALTER TABLE "agent_sessions" ADD COLUMN "dismissed_code" integer;--> statement-breakpoint
ALTER TABLE "agent_sessions" ADD COLUMN "dismissed_reason" text;--> statement-breakpoint
ALTER TABLE "agents" ADD COLUMN "labels" jsonb DEFAULT '{}'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "agents" ADD COLUMN "standing" text DEFAULT 'approved' NOT NULL;--> statement-breakpoint
ALTER TABLE "agents" ADD COLUMN "standing_reason" text;--> statement-breakpoint
ALTER TABLE "agents" ADD COLUMN "key_since_ms" double precision;--> statement-breakpoint
ALTER TABLE "agents" ADD COLUMN "credential_serial" text;--> statement-breakpoint
ALTER TABLE "agents" ADD COLUMN "credential_expires_at_ms" double precision;--> statement-breakpoint
ALTER TABLE "agents" ADD COLUMN "candidate_key" text;--> statement-breakpoint
ALTER TABLE "agents" ADD COLUMN "rotate_requested_at_ms" double precision;--> statement-breakpoint
ALTER TABLE "enrolment_tokens" ADD COLUMN "labels" jsonb DEFAULT '{}'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "enrolment_tokens" ADD COLUMN "needs_approval" boolean DEFAULT false NOT NULL;--> statement-breakpoint
CREATE INDEX "agent_sessions_dismissed" ON "agent_sessions" USING btree ("replica") WHERE "agent_sessions"."dismissed_code" is not null;