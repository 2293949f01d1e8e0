DROP INDEX "events_received";--> statement-breakpoint
DROP INDEX "events_occurred";--> statement-breakpoint
DROP INDEX "events_virtual_router";--> statement-breakpoint
CREATE INDEX "availability_hours_start" ON "availability_hours" USING btree ("start_ms");--> statement-breakpoint
CREATE INDEX "events_site" ON "events" USING btree ("site_id","id");--> statement-breakpoint
CREATE INDEX "events_times" ON "events" USING brin ("received_at_ms","occurred_at_ms");--> statement-breakpoint
CREATE INDEX "events_virtual_router" ON "events" USING btree ("site_id","vrid","family","id") WHERE "events"."vrid" is not null;