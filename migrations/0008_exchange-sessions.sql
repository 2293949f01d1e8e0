CREATE TABLE "exchange_keys" (
	"id" text PRIMARY KEY NOT NULL,
	"key" text NOT NULL,
	"created_at_ms" double precision NOT NULL
);
--> statement-breakpoint
ALTER TABLE "agent_sessions" ADD COLUMN "transport" text DEFAULT 'websocket' NOT NULL;--> statement-breakpoint
ALTER TABLE "agent_sessions" ADD COLUMN "turn" bigint DEFAULT 0 NOT NULL;