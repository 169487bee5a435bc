CREATE TABLE "severed_connections" (
	"user_id" text NOT NULL,
	"provider" text NOT NULL,
	"issuer" text NOT NULL,
	"provider_user_id" text NOT NULL,
	"severed_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "severed_connections_user_id_provider_issuer_provider_user_id_pk" PRIMARY KEY("user_id","provider","issuer","provider_user_id")
);
--> statement-breakpoint
ALTER TABLE "login_transactions" ADD COLUMN "fresh" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "oauth_connections" ADD COLUMN "provider_full_name" text;--> statement-breakpoint
ALTER TABLE "severed_connections" ADD CONSTRAINT "severed_connections_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "users_email_folded" ON "users" USING btree (lower(trim("email")));