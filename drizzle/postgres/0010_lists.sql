DROP INDEX "access_tokens_client";--> statement-breakpoint
DROP INDEX "oauth_applications_status";--> statement-breakpoint
DROP INDEX "token_families_client";--> statement-breakpoint
DROP INDEX "user_authorizations_client";--> statement-breakpoint
CREATE INDEX "access_tokens_ended" ON "access_tokens" USING btree ("status","created_at","id") WHERE "access_tokens"."status" <> 'active';--> statement-breakpoint
CREATE INDEX "access_tokens_refresh" ON "access_tokens" USING btree ("created_at","id") WHERE "access_tokens"."token_category" = 'refresh';--> statement-breakpoint
CREATE INDEX "oauth_applications_name" ON "oauth_applications" USING btree (lower("client_name") collate "C");--> statement-breakpoint
CREATE INDEX "users_search_username" ON "users" USING btree (lower("username") collate "C");--> statement-breakpoint
CREATE INDEX "users_search_email" ON "users" USING btree (lower("email") collate "C");--> statement-breakpoint
CREATE INDEX "users_search_domain" ON "users" USING btree (lower(substr("email", strpos("email", '@') + 1)) collate "C");--> statement-breakpoint
CREATE INDEX "users_search_name" ON "users" USING btree (lower("full_name") collate "C");--> statement-breakpoint
CREATE INDEX "users_search_second_name" ON "users" USING btree (lower(substr("full_name", strpos("full_name", ' ') + 1)) collate "C");--> statement-breakpoint
CREATE INDEX "access_tokens_client" ON "access_tokens" USING btree ("client_id","created_at","id");--> statement-breakpoint
CREATE INDEX "oauth_applications_status" ON "oauth_applications" USING btree ("status","created_at","client_id");--> statement-breakpoint
CREATE INDEX "token_families_client" ON "token_families" USING btree ("client_id","created_at","id");--> statement-breakpoint
CREATE INDEX "user_authorizations_client" ON "user_authorizations" USING btree ("client_id","granted_at","uuid");