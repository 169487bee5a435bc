CREATE TABLE "activity_hours" (
	"series" text NOT NULL,
	"hour" timestamp (3) with time zone NOT NULL,
	"label" text NOT NULL,
	"count" bigint NOT NULL,
	CONSTRAINT "activity_hours_series_hour_label_pk" PRIMARY KEY("series","hour","label")
);
--> statement-breakpoint
CREATE TABLE "activity_progress" (
	"name" text PRIMARY KEY NOT NULL,
	"counted_until" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "retired_usernames" (
	"username_norm" text PRIMARY KEY NOT NULL,
	"user_id" text NOT NULL,
	"retired_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE INDEX "activity_hours_hour" ON "activity_hours" USING btree ("hour");--> statement-breakpoint
CREATE INDEX "users_email" ON "users" USING btree ("email");--> statement-breakpoint
CREATE INDEX "users_role" ON "users" USING btree ("role","created_at","id");--> statement-breakpoint
CREATE INDEX "users_active" ON "users" USING btree ("is_active","created_at","id");--> statement-breakpoint
CREATE INDEX "users_source" ON "users" USING btree ("auth_source","created_at","id");