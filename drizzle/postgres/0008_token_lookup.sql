DROP INDEX "access_tokens_token_hash";--> statement-breakpoint
CREATE UNIQUE INDEX "access_tokens_imported_hash" ON "access_tokens" USING btree ("token_hash") WHERE "access_tokens"."imported";