DROP INDEX `access_tokens_expires`;--> statement-breakpoint
CREATE INDEX `access_tokens_expiry` ON `access_tokens` (`expires_at`,`token_category`,`status`);