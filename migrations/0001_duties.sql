CREATE TABLE "duties" (
	"name" text PRIMARY KEY NOT NULL,
	"fence" bigint NOT NULL,
	"replica" text NOT NULL,
	"started_at_ms" double precision NOT NULL,
	"finished_at_ms" double precision,
	"outcome" text,
	"problem" text,
	"failures" integer DEFAULT 0 NOT NULL
);
