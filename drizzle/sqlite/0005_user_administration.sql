CREATE TABLE `activity_hours` (
	`series` text NOT NULL,
	`hour` integer NOT NULL,
	`label` text NOT NULL,
	`count` integer NOT NULL,
	PRIMARY KEY(`series`, `hour`, `label`)
);
--> statement-breakpoint
CREATE INDEX `activity_hours_hour` ON `activity_hours` (`hour`);--> statement-breakpoint
CREATE TABLE `activity_progress` (
	`name` text PRIMARY KEY NOT NULL,
	`counted_until` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `retired_usernames` (
	`username_norm` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`retired_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `users_email` ON `users` (`email`);--> statement-breakpoint
CREATE INDEX `users_role` ON `users` (`role`,`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `users_active` ON `users` (`is_active`,`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `users_source` ON `users` (`auth_source`,`created_at`,`id`);