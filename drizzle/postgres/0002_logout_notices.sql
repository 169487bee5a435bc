CREATE TABLE "logout_notices" (
	"sid" text NOT NULL,
	"client_id" text NOT NULL,
	"user_id" text NOT NULL,
	"attempts" bigint NOT NULL,
	"next_attempt_at" timestamp (3) with time zone NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "logout_notices_sid_client_id_pk" PRIMARY KEY("sid","client_id")
);
--> statement-breakpoint
CREATE INDEX "logout_notices_due" ON "logout_notices" USING btree ("next_attempt_at");--> statement-breakpoint
CREATE INDEX "logout_notices_client" ON "logout_notices" USING btree ("client_id","next_attempt_at");--> statement-breakpoint
CREATE INDEX "token_families_sid" ON "token_families" USING btree ("sid") WHERE "token_families"."sid" <> '';