CREATE TABLE "idempotency_keys" (
	"owner" text NOT NULL,
	"key" text NOT NULL,
	"request_hash" text NOT NULL,
	"answer" text NOT NULL,
	"created_at_ms" double precision NOT NULL,
	CONSTRAINT "idempotency_keys_owner_key_pk" PRIMARY KEY("owner","key")
);
--> statement-breakpoint
ALTER TABLE "enrolment_tokens" DROP CONSTRAINT "enrolment_tokens_idempotency";--> statement-breakpoint
ALTER TABLE "sites" ADD COLUMN "revision" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
CREATE INDEX "idempotency_keys_age" ON "idempotency_keys" USING btree ("created_at_ms");--> statement-breakpoint
ALTER TABLE "enrolment_tokens" DROP COLUMN "idempotency_key";--> statement-breakpoint
ALTER TABLE "enrolment_tokens" DROP COLUMN "request_hash";