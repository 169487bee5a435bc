CREATE TABLE `logout_notices` (
	`sid` text NOT NULL,
	`client_id` text NOT NULL,
	`user_id` text NOT NULL,
	`attempts` integer NOT NULL,
	`next_attempt_at` integer NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`sid`, `client_id`)
);
--> statement-breakpoint
CREATE INDEX `logout_notices_due` ON `logout_notices` (`next_attempt_at`);--> statement-breakpoint
CREATE INDEX `logout_notices_client` ON `logout_notices` (`client_id`,`next_attempt_at`);--> statement-breakpoint
CREATE INDEX `token_families_sid` ON `token_families` (`sid`) WHERE "token_families"."sid" <> '';