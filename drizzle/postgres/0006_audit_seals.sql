CREATE TABLE "audit_seals" (
	"number" bigint PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"first_time" timestamp (3) with time zone,
	"first_id" text NOT NULL,
	"last_time" timestamp (3) with time zone,
	"last_id" text NOT NULL,
	"row_count" bigint NOT NULL,
	"digest" text NOT NULL,
	"tags" text,
	"late_ids" jsonb,
	"settled_through" bigint NOT NULL,
	"sealed_at" timestamp (3) with time zone NOT NULL,
	"previous" text NOT NULL,
	"chain" text NOT NULL,
	"key_id" text NOT NULL,
	"mac" text NOT NULL,
	"removed_at" timestamp (3) with time zone,
	"removal_mac" text
);
--> statement-breakpoint
CREATE INDEX "audit_seals_present" ON "audit_seals" USING btree ("number") WHERE "audit_seals"."removed_at" is null;--> statement-breakpoint
CREATE INDEX "audit_seals_key" ON "audit_seals" USING btree ("key_id");--> statement-breakpoint
CREATE INDEX "audit_logs_client" ON "audit_logs" USING btree ("client_id","event_time");--> statement-breakpoint
CREATE INDEX "audit_logs_failures" ON "audit_logs" USING btree ("event_time","id") WHERE not "audit_logs"."success";