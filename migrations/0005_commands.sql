CREATE TABLE "commands" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"agent_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"created_at_ms" double precision NOT NULL,
	"created_by" text NOT NULL,
	"expires_at_ms" double precision NOT NULL,
	"sent_at_ms" double precision,
	"sent_generation" bigint,
	"outcome" text,
	"detail" text,
	"finished_at_ms" double precision,
	CONSTRAINT "commands_outcome" CHECK ("commands"."outcome" in ('done', 'failed', 'unsupported', 'expired')),
	CONSTRAINT "commands_finished" CHECK (("commands"."outcome" is null) = ("commands"."finished_at_ms" is null))
);
--> statement-breakpoint
ALTER TABLE "commands" ADD CONSTRAINT "commands_agent_id_agents_id_fk" FOREIGN KEY ("agent_id") REFERENCES "public"."agents"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "commands_waiting" ON "commands" USING btree ("expires_at_ms") WHERE "commands"."outcome" is null;--> statement-breakpoint
CREATE INDEX "commands_agent" ON "commands" USING btree ("agent_id","created_at_ms","id");