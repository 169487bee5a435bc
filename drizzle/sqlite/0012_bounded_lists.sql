DROP INDEX `user_authorizations_client`;--> statement-breakpoint
CREATE INDEX `user_authorizations_user` ON `user_authorizations` (`user_id`,`is_active`,`granted_at`,`uuid`);--> statement-breakpoint
CREATE INDEX `user_authorizations_client` ON `user_authorizations` (`client_id`,`is_active`,`granted_at`,`uuid`);--> statement-breakpoint
CREATE INDEX `access_tokens_disabled` ON `access_tokens` (`user_id`,`token_family_id`,`expires_at`) WHERE "access_tokens"."status" = 'disabled';--> statement-breakpoint
CREATE INDEX `token_families_live` ON `token_families` (`user_id`,`created_at`,`id`,`expires_at`) WHERE "token_families"."revoked_at" is null;