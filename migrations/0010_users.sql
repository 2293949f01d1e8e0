CREATE TABLE "provider_sign_ins" (
	"state_hash" text PRIMARY KEY NOT NULL,
	"expires_at_ms" double precision NOT NULL
);
--> statement-breakpoint
CREATE TABLE "sign_in_failures" (
	"key" text PRIMARY KEY NOT NULL,
	"failures" integer NOT NULL,
	"last_failed_at_ms" double precision NOT NULL,
	"blocked_until_ms" double precision NOT NULL
);
--> statement-breakpoint
CREATE TABLE "user_identities" (
	"issuer" text NOT NULL,
	"subject" text NOT NULL,
	"user_id" uuid NOT NULL,
	"created_at_ms" double precision NOT NULL,
	CONSTRAINT "user_identities_issuer_subject_pk" PRIMARY KEY("issuer","subject")
);
--> statement-breakpoint
CREATE TABLE "users" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"name" text NOT NULL,
	"password_hash" text,
	"grants" jsonb NOT NULL,
	"grants_from" text NOT NULL,
	"created_at_ms" double precision NOT NULL,
	"last_sign_in_at_ms" double precision,
	"disabled_at_ms" double precision,
	"revision" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "users_name_unique" UNIQUE("name")
);
--> statement-breakpoint
ALTER TABLE "browser_sessions" ALTER COLUMN "grants" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "api_tokens" ADD COLUMN "user_id" uuid;--> statement-breakpoint
ALTER TABLE "api_tokens" ADD COLUMN "created_by" text;--> statement-breakpoint
ALTER TABLE "api_tokens" ADD COLUMN "last_used_at_ms" double precision;--> statement-breakpoint
ALTER TABLE "browser_sessions" ADD COLUMN "user_id" uuid;--> statement-breakpoint
ALTER TABLE "browser_sessions" ADD COLUMN "api_token_id" uuid;--> statement-breakpoint
-- Sessions of before: most came by the one-time link, and all keep the grants they have until they expire.
ALTER TABLE "browser_sessions" ADD COLUMN "method" text NOT NULL DEFAULT 'link';--> statement-breakpoint
ALTER TABLE "browser_sessions" ALTER COLUMN "method" DROP DEFAULT;--> statement-breakpoint
ALTER TABLE "browser_sessions" ADD COLUMN "address" text;--> statement-breakpoint
ALTER TABLE "browser_sessions" ADD COLUMN "user_agent" text;--> statement-breakpoint
ALTER TABLE "browser_sessions" ADD COLUMN "last_seen_at_ms" double precision;--> statement-breakpoint
UPDATE "browser_sessions" SET "last_seen_at_ms" = extract(epoch from now()) * 1000;--> statement-breakpoint
ALTER TABLE "browser_sessions" ALTER COLUMN "last_seen_at_ms" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "user_identities" ADD CONSTRAINT "user_identities_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "user_identities_user" ON "user_identities" USING btree ("user_id");--> statement-breakpoint
ALTER TABLE "api_tokens" ADD CONSTRAINT "api_tokens_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "browser_sessions" ADD CONSTRAINT "browser_sessions_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "browser_sessions" ADD CONSTRAINT "browser_sessions_api_token_id_api_tokens_id_fk" FOREIGN KEY ("api_token_id") REFERENCES "public"."api_tokens"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "api_tokens_user" ON "api_tokens" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "browser_sessions_user" ON "browser_sessions" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "browser_sessions_token" ON "browser_sessions" USING btree ("api_token_id");