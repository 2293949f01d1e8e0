CREATE TABLE "transitions" (
	"agent_id" uuid NOT NULL,
	"epoch" text NOT NULL,
	"seq" bigint NOT NULL,
	"virtual_router_id" uuid NOT NULL,
	"wall_ms" double precision NOT NULL,
	"mono_ms" double precision NOT NULL,
	"boot_id" text NOT NULL,
	"occurred_at_ms" double precision NOT NULL,
	"occurred_at_error_ms" double precision,
	"received_at_ms" double precision NOT NULL,
	"late" boolean NOT NULL,
	"body" jsonb NOT NULL,
	CONSTRAINT "transitions_agent_id_epoch_seq_pk" PRIMARY KEY("agent_id","epoch","seq")
);
--> statement-breakpoint
ALTER TABLE "feed" ADD COLUMN "from_wall_ms" double precision;--> statement-breakpoint
ALTER TABLE "feed" ADD COLUMN "to_wall_ms" double precision;--> statement-breakpoint
CREATE INDEX "transitions_virtual_router" ON "transitions" USING btree ("virtual_router_id","occurred_at_ms");--> statement-breakpoint
CREATE INDEX "transitions_received" ON "transitions" USING brin ("received_at_ms");--> statement-breakpoint
CREATE INDEX "failovers_received" ON "failovers" USING brin ("received_at_ms");
--> statement-breakpoint
-- By hand from here on: drizzle-kit has no word for partitions.
INSERT INTO "transitions" ("agent_id", "epoch", "seq", "virtual_router_id", "wall_ms", "mono_ms", "boot_id",
	"occurred_at_ms", "occurred_at_error_ms", "received_at_ms", "late", "body")
SELECT e."agent_id", e."epoch", e."seq", v."id", e."wall_ms", e."mono_ms", e."boot_id",
	e."occurred_at_ms", e."occurred_at_error_ms", e."received_at_ms", e."late", e."body"
FROM "events" e
JOIN "virtual_routers" v
	ON (v."site_id", v."name", v."vrid", v."family") = (e."site_id", e."virtual_router", e."vrid", e."family")
WHERE e."kind" IN ('transition', 'resumed');
--> statement-breakpoint
ALTER TABLE "events" RENAME TO "events_undivided";
--> statement-breakpoint
ALTER INDEX "events_arrival" RENAME TO "events_undivided_arrival";
--> statement-breakpoint
ALTER INDEX "events_occurred" RENAME TO "events_undivided_occurred";
--> statement-breakpoint
ALTER INDEX "events_virtual_router" RENAME TO "events_undivided_virtual_router";
--> statement-breakpoint
ALTER TABLE "events_undivided" RENAME CONSTRAINT "events_agent_id_epoch_seq_pk" TO "events_undivided_pk";
--> statement-breakpoint
CREATE TABLE "events" (LIKE "events_undivided" INCLUDING DEFAULTS) PARTITION BY RANGE ("wall_ms");
--> statement-breakpoint
ALTER SEQUENCE "events_id_seq" OWNED BY "events"."id";
--> statement-breakpoint
CREATE INDEX "events_arrival" ON "events" USING btree ("id");
--> statement-breakpoint
CREATE INDEX "events_occurred" ON "events" USING btree ("site_id","occurred_at_ms");
--> statement-breakpoint
CREATE INDEX "events_virtual_router" ON "events" USING btree ("site_id","vrid","family","occurred_at_ms");
--> statement-breakpoint
CREATE INDEX "events_received" ON "events" USING brin ("received_at_ms");
--> statement-breakpoint
CREATE TABLE "events_default" PARTITION OF "events" (PRIMARY KEY ("agent_id","epoch","seq")) DEFAULT;
--> statement-breakpoint
-- A partition for each day that has events and for the week to come. What an agent's clock says was long ago, or is
-- far in the future, goes to the default one.
DO $$
DECLARE
	day_ms constant double precision := 86400000;
	today constant bigint := floor(extract(epoch from now()) * 1000 / day_ms);
	day bigint;
	name text;
BEGIN
	FOR day IN
		SELECT DISTINCT floor("wall_ms" / day_ms)::bigint FROM "events_undivided"
		WHERE "wall_ms" >= (today - 400) * day_ms AND "wall_ms" < (today + 8) * day_ms
		UNION SELECT generate_series(today - 1, today + 7)
		ORDER BY 1
	LOOP
		name := 'events_' || to_char(to_timestamp(day * 86400) AT TIME ZONE 'UTC', 'YYYYMMDD');
		EXECUTE format(
			'CREATE TABLE %I PARTITION OF "events" (PRIMARY KEY ("agent_id","epoch","seq")) FOR VALUES FROM (%s) TO (%s)',
			name, day * 86400000, (day + 1) * 86400000);
	END LOOP;
END $$;
--> statement-breakpoint
INSERT INTO "events" SELECT * FROM "events_undivided" ORDER BY "id";
--> statement-breakpoint
DROP TABLE "events_undivided";
