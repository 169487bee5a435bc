ALTER TABLE `signing_keys` ADD `first_signed_at` integer;--> statement-breakpoint
UPDATE `signing_keys` SET `first_signed_at` = `first_seen_at`;