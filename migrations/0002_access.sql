CREATE TABLE "audit" (
	"id" bigint PRIMARY KEY NOT NULL,
	"at_ms" double precision NOT NULL,
	"actor" text NOT NULL,
	"actor_name" text NOT NULL,
	"credential" text,
	"request_id" text,
	"action" text NOT NULL,
	"target_kind" text NOT NULL,
	"target_id" text NOT NULL,
	"site_id" uuid,
	"before" jsonb,
	"after" jsonb,
	"previous_hash" text NOT NULL,
	"hash" text NOT NULL
);
--> statement-breakpoint
-- What a credential of before may: whoever could write could do everything, everywhere.
ALTER TABLE "api_tokens" ADD COLUMN "grants" jsonb;--> statement-breakpoint
UPDATE "api_tokens" SET "grants" = case when "scopes" ? 'write' then '[{"role":"admin","siteIds":null}]' else '[{"role":"viewer","siteIds":null}]' end::jsonb;--> statement-breakpoint
ALTER TABLE "api_tokens" ALTER COLUMN "grants" SET NOT NULL;--> statement-breakpoint
-- What a credential of before may: whoever could write could do everything, everywhere.
ALTER TABLE "browser_sessions" ADD COLUMN "grants" jsonb;--> statement-breakpoint
UPDATE "browser_sessions" SET "grants" = case when "scopes" ? 'write' then '[{"role":"admin","siteIds":null}]' else '[{"role":"viewer","siteIds":null}]' end::jsonb;--> statement-breakpoint
ALTER TABLE "browser_sessions" ALTER COLUMN "grants" SET NOT NULL;--> statement-breakpoint
CREATE INDEX "audit_site" ON "audit" USING btree ("site_id","id");--> statement-breakpoint
CREATE INDEX "audit_actor" ON "audit" USING btree ("actor","id");--> statement-breakpoint
CREATE INDEX "audit_target" ON "audit" USING btree ("target_kind","target_id","id");--> statement-breakpoint
ALTER TABLE "api_tokens" DROP COLUMN "scopes";--> statement-breakpoint
ALTER TABLE "browser_sessions" DROP COLUMN "scopes";--> statement-breakpoint
-- Records of what was done are added to and nothing else. What gets past this (a superuser may) shows in the chain.
CREATE FUNCTION "audit_is_append_only"() RETURNS trigger LANGUAGE plpgsql AS $$
begin
  raise exception 'audit entries are never changed or removed' using errcode = 'insufficient_privilege';
end
$$;--> statement-breakpoint
CREATE TRIGGER "audit_append_only" BEFORE UPDATE OR DELETE OR TRUNCATE ON "audit"
  FOR EACH STATEMENT EXECUTE FUNCTION "audit_is_append_only"();
