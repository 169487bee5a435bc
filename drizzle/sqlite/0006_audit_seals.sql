CREATE TABLE `audit_seals` (
	`number` integer PRIMARY KEY NOT NULL,
	`kind` text NOT NULL,
	`first_time` integer,
	`first_id` text NOT NULL,
	`last_time` integer,
	`last_id` text NOT NULL,
	`row_count` integer NOT NULL,
	`digest` text NOT NULL,
	`tags` text,
	`late_ids` text,
	`settled_through` integer NOT NULL,
	`sealed_at` integer NOT NULL,
	`previous` text NOT NULL,
	`chain` text NOT NULL,
	`key_id` text NOT NULL,
	`mac` text NOT NULL,
	`removed_at` integer,
	`removal_mac` text
);
--> statement-breakpoint
CREATE INDEX `audit_seals_present` ON `audit_seals` (`number`) WHERE "audit_seals"."removed_at" is null;--> statement-breakpoint
CREATE INDEX `audit_seals_key` ON `audit_seals` (`key_id`);--> statement-breakpoint
CREATE INDEX `audit_logs_client` ON `audit_logs` (`client_id`,`event_time`);--> statement-breakpoint
CREATE INDEX `audit_logs_failures` ON `audit_logs` (`event_time`,`id`) WHERE not "audit_logs"."success";