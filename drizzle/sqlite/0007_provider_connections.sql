CREATE TABLE `severed_connections` (
	`user_id` text NOT NULL,
	`provider` text NOT NULL,
	`issuer` text NOT NULL,
	`provider_user_id` text NOT NULL,
	`severed_at` integer NOT NULL,
	PRIMARY KEY(`user_id`, `provider`, `issuer`, `provider_user_id`),
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
ALTER TABLE `login_transactions` ADD `fresh` integer DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE `oauth_connections` ADD `provider_full_name` text;--> statement-breakpoint
CREATE INDEX `users_email_folded` ON `users` (lower(trim("email")));