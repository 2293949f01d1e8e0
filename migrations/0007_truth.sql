CREATE TABLE "centre_watch" (
	"id" integer PRIMARY KEY NOT NULL,
	"seen_at_ms" double precision NOT NULL,
	"due_at_ms" double precision NOT NULL,
	"away_since_ms" double precision NOT NULL,
	"back_at_ms" double precision NOT NULL,
	"amnesty_until_ms" double precision NOT NULL
);
--> statement-breakpoint
ALTER TABLE "agent_sessions" ADD COLUMN "excused_until_ms" double precision;--> statement-breakpoint
ALTER TABLE "agent_sessions" ADD COLUMN "told_state" text;--> statement-breakpoint
ALTER TABLE "virtual_router_members" ADD COLUMN "source" text;--> statement-breakpoint
ALTER TABLE "virtual_router_members" ADD COLUMN "heard_address" text;--> statement-breakpoint
ALTER TABLE "virtual_router_members" ADD COLUMN "taken_at_ms" double precision;--> statement-breakpoint
ALTER TABLE "virtual_router_members" ADD COLUMN "taken_by" uuid;