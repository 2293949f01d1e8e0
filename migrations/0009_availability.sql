CREATE TABLE "agent_boots" (
	"agent_id" uuid NOT NULL,
	"boot_id" text NOT NULL,
	"first_ms" double precision NOT NULL,
	"last_ms" double precision NOT NULL,
	CONSTRAINT "agent_boots_agent_id_boot_id_pk" PRIMARY KEY("agent_id","boot_id")
);
--> statement-breakpoint
CREATE TABLE "agent_gaps" (
	"agent_id" uuid NOT NULL,
	"epoch" text NOT NULL,
	"seq" bigint NOT NULL,
	"from_ms" double precision NOT NULL,
	"to_ms" double precision,
	"cause" text NOT NULL,
	"events" integer,
	CONSTRAINT "agent_gaps_agent_id_epoch_seq_pk" PRIMARY KEY("agent_id","epoch","seq")
);
--> statement-breakpoint
CREATE TABLE "availability_days" (
	"virtual_router_id" uuid NOT NULL,
	"start_ms" double precision NOT NULL,
	"served_ms" double precision NOT NULL,
	"degraded_ms" double precision NOT NULL,
	"down_ms" double precision NOT NULL,
	"unknown_ms" double precision NOT NULL,
	"excluded_ms" double precision NOT NULL,
	"outages" integer NOT NULL,
	CONSTRAINT "availability_days_virtual_router_id_start_ms_pk" PRIMARY KEY("virtual_router_id","start_ms")
);
--> statement-breakpoint
CREATE TABLE "availability_hours" (
	"virtual_router_id" uuid NOT NULL,
	"start_ms" double precision NOT NULL,
	"served_ms" double precision NOT NULL,
	"degraded_ms" double precision NOT NULL,
	"down_ms" double precision NOT NULL,
	"unknown_ms" double precision NOT NULL,
	"excluded_ms" double precision NOT NULL,
	"outages" integer NOT NULL,
	CONSTRAINT "availability_hours_virtual_router_id_start_ms_pk" PRIMARY KEY("virtual_router_id","start_ms")
);
--> statement-breakpoint
CREATE TABLE "availability_routers" (
	"virtual_router_id" uuid PRIMARY KEY NOT NULL,
	"first_ms" double precision NOT NULL,
	"computed_until_ms" double precision NOT NULL,
	"settled_until_ms" double precision NOT NULL,
	"stale_from_ms" double precision,
	"marks" bigint DEFAULT 0 NOT NULL
);
--> statement-breakpoint
ALTER TABLE "availability_routers" ADD CONSTRAINT "availability_routers_virtual_router_id_virtual_routers_id_fk" FOREIGN KEY ("virtual_router_id") REFERENCES "public"."virtual_routers"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "agent_gaps_open" ON "agent_gaps" USING btree ("agent_id","epoch") WHERE "agent_gaps"."to_ms" is null;--> statement-breakpoint
CREATE INDEX "transitions_member" ON "transitions" USING btree ("virtual_router_id","agent_id","occurred_at_ms");
--> statement-breakpoint
-- By hand from here on: what the events that are there already say.
INSERT INTO "agent_boots" ("agent_id", "boot_id", "first_ms", "last_ms")
SELECT "agent_id", "boot_id", min("occurred_at_ms"), max("occurred_at_ms") FROM "events" GROUP BY 1, 2;
--> statement-breakpoint
INSERT INTO "agent_gaps" ("agent_id", "epoch", "seq", "from_ms", "to_ms", "cause", "events")
SELECT "agent_id", "epoch", "seq",
	least(coalesce(("body" ->> 'fromWallMs')::double precision + "occurred_at_ms" - "wall_ms", "occurred_at_ms"), "occurred_at_ms"),
	coalesce(("body" ->> 'toWallMs')::double precision + "occurred_at_ms" - "wall_ms", "occurred_at_ms"),
	coalesce("body" ->> 'cause', 'unknown'), ("body" ->> 'count')::integer
FROM "events" WHERE "kind" = 'gap';
