ALTER TABLE "signing_keys" ADD COLUMN "first_signed_at" timestamp (3) with time zone;--> statement-breakpoint
UPDATE "signing_keys" SET "first_signed_at" = "first_seen_at";