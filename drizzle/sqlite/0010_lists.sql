DROP INDEX `access_tokens_client`;--> statement-breakpoint
CREATE INDEX `access_tokens_ended` ON `access_tokens` (`status`,`created_at`,`id`) WHERE "access_tokens"."status" <> 'active';--> statement-breakpoint
CREATE INDEX `access_tokens_refresh` ON `access_tokens` (`created_at`,`id`) WHERE "access_tokens"."token_category" = 'refresh';--> statement-breakpoint
CREATE INDEX `access_tokens_client` ON `access_tokens` (`client_id`,`created_at`,`id`);--> statement-breakpoint
DROP INDEX `oauth_applications_status`;--> statement-breakpoint
CREATE INDEX `oauth_applications_name` ON `oauth_applications` (lower("client_name"));--> statement-breakpoint
CREATE INDEX `oauth_applications_status` ON `oauth_applications` (`status`,`created_at`,`client_id`);--> statement-breakpoint
DROP INDEX `token_families_client`;--> statement-breakpoint
CREATE INDEX `token_families_client` ON `token_families` (`client_id`,`created_at`,`id`);--> statement-breakpoint
DROP INDEX `user_authorizations_client`;--> statement-breakpoint
CREATE INDEX `user_authorizations_client` ON `user_authorizations` (`client_id`,`granted_at`,`uuid`);--> statement-breakpoint
CREATE INDEX `users_search_username` ON `users` (lower("username"));--> statement-breakpoint
CREATE INDEX `users_search_email` ON `users` (lower("email"));--> statement-breakpoint
CREATE INDEX `users_search_domain` ON `users` (lower(substr("email", instr("email", '@') + 1)));--> statement-breakpoint
CREATE INDEX `users_search_name` ON `users` (lower("full_name"));--> statement-breakpoint
CREATE INDEX `users_search_second_name` ON `users` (lower(substr("full_name", instr("full_name", ' ') + 1)));