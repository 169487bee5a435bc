CREATE TABLE "access_tokens" (
	"id" text PRIMARY KEY NOT NULL,
	"token_hash" text NOT NULL,
	"token_type" text NOT NULL,
	"token_category" text NOT NULL,
	"status" text NOT NULL,
	"user_id" text NOT NULL,
	"client_id" text NOT NULL,
	"scopes" text NOT NULL,
	"grant_type" text NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	"last_used_at" timestamp (3) with time zone,
	"revoked_at" timestamp (3) with time zone,
	"disabled_by" text,
	"parent_token_id" text,
	"token_family_id" text,
	"authorization_id" text,
	"authorization_code_id" text,
	"device_code_id" text,
	"imported" boolean NOT NULL
);
--> statement-breakpoint
CREATE TABLE "attempt_delays" (
	"subject" text PRIMARY KEY NOT NULL,
	"failures" bigint NOT NULL,
	"first_failed_at" timestamp (3) with time zone NOT NULL,
	"last_failed_at" timestamp (3) with time zone NOT NULL,
	"blocked_until" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "audit_logs" (
	"id" text PRIMARY KEY NOT NULL,
	"event_type" text NOT NULL,
	"event_time" timestamp (3) with time zone NOT NULL,
	"severity" text NOT NULL,
	"actor_user_id" text NOT NULL,
	"actor_username" text NOT NULL,
	"actor_ip" text NOT NULL,
	"resource_type" text NOT NULL,
	"resource_id" text NOT NULL,
	"resource_name" text NOT NULL,
	"client_id" text NOT NULL,
	"action" text NOT NULL,
	"details" jsonb,
	"success" boolean NOT NULL,
	"error_message" text NOT NULL,
	"user_agent" text NOT NULL,
	"request_path" text NOT NULL,
	"request_method" text NOT NULL,
	"request_id" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "authorization_codes" (
	"uuid" text PRIMARY KEY NOT NULL,
	"code_hash" text NOT NULL,
	"client_id" text NOT NULL,
	"user_id" text NOT NULL,
	"authorization_id" text,
	"redirect_uri" text NOT NULL,
	"scopes" text NOT NULL,
	"resource" text NOT NULL,
	"code_challenge" text NOT NULL,
	"code_challenge_method" text NOT NULL,
	"nonce" text NOT NULL,
	"auth_time" timestamp (3) with time zone,
	"amr" text NOT NULL,
	"sid" text NOT NULL,
	"failed_attempts" bigint NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"used_at" timestamp (3) with time zone,
	"token_family_id" text,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "client_revisions" (
	"id" text PRIMARY KEY NOT NULL,
	"client_id" text NOT NULL,
	"proposed" jsonb NOT NULL,
	"proposed_by" text NOT NULL,
	"status" text NOT NULL,
	"reason" text NOT NULL,
	"decided_by" text,
	"decided_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "device_codes" (
	"id" text PRIMARY KEY NOT NULL,
	"device_code_hash" text NOT NULL,
	"user_code_hash" text NOT NULL,
	"imported_salt" text,
	"imported_suffix" text,
	"client_id" text NOT NULL,
	"scopes" text NOT NULL,
	"request_ip" text NOT NULL,
	"request_user_agent" text NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"poll_interval" bigint NOT NULL,
	"last_polled_at" timestamp (3) with time zone,
	"user_id" text,
	"authorization_id" text,
	"authorized_at" timestamp (3) with time zone,
	"denied_at" timestamp (3) with time zone,
	"consumed_at" timestamp (3) with time zone,
	"token_family_id" text,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "login_transactions" (
	"state_hash" text PRIMARY KEY NOT NULL,
	"browser_hash" text NOT NULL,
	"provider" text NOT NULL,
	"issuer" text NOT NULL,
	"code_verifier" text NOT NULL,
	"nonce" text NOT NULL,
	"redirect" text NOT NULL,
	"remember" boolean NOT NULL,
	"link_user_id" text,
	"created_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "oauth_applications" (
	"client_id" text PRIMARY KEY NOT NULL,
	"client_secret" text,
	"previous_client_secret" text,
	"previous_secret_expires_at" timestamp (3) with time zone,
	"client_name" text NOT NULL,
	"description" text NOT NULL,
	"client_uri" text NOT NULL,
	"user_id" text,
	"created_by" text,
	"scopes" text NOT NULL,
	"grant_types" text NOT NULL,
	"redirect_uris" jsonb NOT NULL,
	"post_logout_redirect_uris" jsonb NOT NULL,
	"backchannel_logout_uri" text NOT NULL,
	"client_type" text NOT NULL,
	"token_endpoint_auth_method" text,
	"enable_device_flow" boolean NOT NULL,
	"enable_auth_code_flow" boolean NOT NULL,
	"enable_client_credentials_flow" boolean NOT NULL,
	"allow_introspection" boolean NOT NULL,
	"status" text NOT NULL,
	"token_profile" text NOT NULL,
	"project" text NOT NULL,
	"service_account" text NOT NULL,
	"origin" text NOT NULL,
	"registration_token_hash" text,
	"registration_ip" text NOT NULL,
	"token_epoch" bigint NOT NULL,
	"version" bigint NOT NULL,
	"imported" boolean NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "oauth_connections" (
	"id" text PRIMARY KEY NOT NULL,
	"user_id" text NOT NULL,
	"provider" text NOT NULL,
	"issuer" text NOT NULL,
	"provider_user_id" text NOT NULL,
	"provider_username" text NOT NULL,
	"provider_email" text NOT NULL,
	"provider_email_verified" boolean NOT NULL,
	"avatar_url" text NOT NULL,
	"last_used_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "pending_requests" (
	"id_hash" text PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"sid" text NOT NULL,
	"user_id" text NOT NULL,
	"payload" jsonb NOT NULL,
	"used_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "refresh_grace" (
	"parent_token_id" text PRIMARY KEY NOT NULL,
	"successor_token_id" text NOT NULL,
	"ciphertext" text NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "seed_state" (
	"name" text PRIMARY KEY NOT NULL,
	"at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "sessions" (
	"id_hash" text PRIMARY KEY NOT NULL,
	"sid" text NOT NULL,
	"user_id" text NOT NULL,
	"csrf_token" text NOT NULL,
	"remember" boolean NOT NULL,
	"fingerprint" text NOT NULL,
	"auth_time" timestamp (3) with time zone NOT NULL,
	"amr" text NOT NULL,
	"idp" text NOT NULL,
	"flash" jsonb NOT NULL,
	"ip" text NOT NULL,
	"user_agent" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"last_seen_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "signing_keys" (
	"kid" text PRIMARY KEY NOT NULL,
	"algorithm" text NOT NULL,
	"thumbprint" text NOT NULL,
	"first_seen_at" timestamp (3) with time zone NOT NULL,
	"last_seen_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "token_families" (
	"id" text PRIMARY KEY NOT NULL,
	"user_id" text NOT NULL,
	"client_id" text NOT NULL,
	"authorization_id" text,
	"grant_type" text NOT NULL,
	"scopes" text NOT NULL,
	"ip" text NOT NULL,
	"user_agent" text NOT NULL,
	"sid" text NOT NULL,
	"auth_time" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"last_used_at" timestamp (3) with time zone,
	"revoked_at" timestamp (3) with time zone,
	"reuse_count" bigint NOT NULL,
	"reuse_reported_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "user_authorizations" (
	"uuid" text PRIMARY KEY NOT NULL,
	"user_id" text NOT NULL,
	"client_id" text NOT NULL,
	"scopes" text NOT NULL,
	"web_scopes" text NOT NULL,
	"granted_at" timestamp (3) with time zone NOT NULL,
	"revoked_at" timestamp (3) with time zone,
	"is_active" boolean NOT NULL,
	"token_epoch" bigint NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "users" (
	"id" text PRIMARY KEY NOT NULL,
	"username" text NOT NULL,
	"username_norm" text,
	"email" text NOT NULL,
	"email_norm" text,
	"password_hash" text NOT NULL,
	"role" text NOT NULL,
	"full_name" text NOT NULL,
	"avatar_url" text NOT NULL,
	"is_active" boolean NOT NULL,
	"email_verified" boolean NOT NULL,
	"email_vouched_by" text,
	"external_id" text,
	"auth_source" text NOT NULL,
	"must_change_password" boolean NOT NULL,
	"language" text,
	"last_login_at" timestamp (3) with time zone,
	"token_epoch" bigint NOT NULL,
	"version" bigint NOT NULL,
	"imported" boolean NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "authorization_codes" ADD CONSTRAINT "authorization_codes_client_id_oauth_applications_client_id_fk" FOREIGN KEY ("client_id") REFERENCES "public"."oauth_applications"("client_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "authorization_codes" ADD CONSTRAINT "authorization_codes_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "client_revisions" ADD CONSTRAINT "client_revisions_client_id_oauth_applications_client_id_fk" FOREIGN KEY ("client_id") REFERENCES "public"."oauth_applications"("client_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "device_codes" ADD CONSTRAINT "device_codes_client_id_oauth_applications_client_id_fk" FOREIGN KEY ("client_id") REFERENCES "public"."oauth_applications"("client_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "device_codes" ADD CONSTRAINT "device_codes_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "oauth_applications" ADD CONSTRAINT "oauth_applications_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "oauth_connections" ADD CONSTRAINT "oauth_connections_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "user_authorizations" ADD CONSTRAINT "user_authorizations_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "user_authorizations" ADD CONSTRAINT "user_authorizations_client_id_oauth_applications_client_id_fk" FOREIGN KEY ("client_id") REFERENCES "public"."oauth_applications"("client_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "access_tokens_token_hash" ON "access_tokens" USING btree ("token_hash");--> statement-breakpoint
CREATE INDEX "access_tokens_user" ON "access_tokens" USING btree ("user_id","created_at","id");--> statement-breakpoint
CREATE INDEX "access_tokens_client" ON "access_tokens" USING btree ("client_id","status");--> statement-breakpoint
CREATE INDEX "access_tokens_family" ON "access_tokens" USING btree ("token_family_id") WHERE "access_tokens"."token_family_id" is not null;--> statement-breakpoint
CREATE INDEX "access_tokens_authorization" ON "access_tokens" USING btree ("authorization_id") WHERE "access_tokens"."authorization_id" is not null;--> statement-breakpoint
CREATE INDEX "access_tokens_created" ON "access_tokens" USING btree ("created_at","id");--> statement-breakpoint
CREATE INDEX "access_tokens_expires" ON "access_tokens" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "attempt_delays_expires" ON "attempt_delays" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "audit_logs_time" ON "audit_logs" USING btree ("event_time","id");--> statement-breakpoint
CREATE INDEX "audit_logs_type" ON "audit_logs" USING btree ("event_type","event_time");--> statement-breakpoint
CREATE INDEX "audit_logs_actor" ON "audit_logs" USING btree ("actor_user_id","event_time");--> statement-breakpoint
CREATE INDEX "audit_logs_resource" ON "audit_logs" USING btree ("resource_id");--> statement-breakpoint
CREATE INDEX "audit_logs_ip" ON "audit_logs" USING btree ("actor_ip","event_time");--> statement-breakpoint
CREATE INDEX "audit_logs_severity" ON "audit_logs" USING btree ("severity","event_time") WHERE "audit_logs"."severity" <> 'INFO';--> statement-breakpoint
CREATE UNIQUE INDEX "authorization_codes_code_hash" ON "authorization_codes" USING btree ("code_hash");--> statement-breakpoint
CREATE INDEX "authorization_codes_user_client" ON "authorization_codes" USING btree ("user_id","client_id");--> statement-breakpoint
CREATE INDEX "authorization_codes_client" ON "authorization_codes" USING btree ("client_id");--> statement-breakpoint
CREATE INDEX "authorization_codes_expires" ON "authorization_codes" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "client_revisions_client" ON "client_revisions" USING btree ("client_id","created_at");--> statement-breakpoint
CREATE INDEX "client_revisions_status" ON "client_revisions" USING btree ("status");--> statement-breakpoint
CREATE UNIQUE INDEX "device_codes_device_code_hash" ON "device_codes" USING btree ("device_code_hash");--> statement-breakpoint
CREATE UNIQUE INDEX "device_codes_user_code_hash" ON "device_codes" USING btree ("user_code_hash");--> statement-breakpoint
CREATE INDEX "device_codes_imported_suffix" ON "device_codes" USING btree ("imported_suffix");--> statement-breakpoint
CREATE INDEX "device_codes_client" ON "device_codes" USING btree ("client_id","request_ip");--> statement-breakpoint
CREATE INDEX "device_codes_user" ON "device_codes" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "device_codes_expires" ON "device_codes" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "login_transactions_browser" ON "login_transactions" USING btree ("browser_hash");--> statement-breakpoint
CREATE INDEX "login_transactions_expires" ON "login_transactions" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "oauth_applications_owner" ON "oauth_applications" USING btree ("user_id","created_at");--> statement-breakpoint
CREATE INDEX "oauth_applications_status" ON "oauth_applications" USING btree ("status");--> statement-breakpoint
CREATE INDEX "oauth_applications_created" ON "oauth_applications" USING btree ("created_at","client_id");--> statement-breakpoint
CREATE UNIQUE INDEX "oauth_connections_subject" ON "oauth_connections" USING btree ("provider","issuer","provider_user_id");--> statement-breakpoint
CREATE UNIQUE INDEX "oauth_connections_user" ON "oauth_connections" USING btree ("user_id","provider","issuer");--> statement-breakpoint
CREATE INDEX "pending_requests_expires" ON "pending_requests" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "refresh_grace_successor" ON "refresh_grace" USING btree ("successor_token_id");--> statement-breakpoint
CREATE INDEX "refresh_grace_expires" ON "refresh_grace" USING btree ("expires_at");--> statement-breakpoint
CREATE UNIQUE INDEX "sessions_sid" ON "sessions" USING btree ("sid");--> statement-breakpoint
CREATE INDEX "sessions_user" ON "sessions" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "sessions_expires" ON "sessions" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "token_families_user" ON "token_families" USING btree ("user_id","created_at","id");--> statement-breakpoint
CREATE INDEX "token_families_client" ON "token_families" USING btree ("client_id");--> statement-breakpoint
CREATE INDEX "token_families_expires" ON "token_families" USING btree ("expires_at");--> statement-breakpoint
CREATE UNIQUE INDEX "user_authorizations_user_client" ON "user_authorizations" USING btree ("user_id","client_id");--> statement-breakpoint
CREATE INDEX "user_authorizations_client" ON "user_authorizations" USING btree ("client_id");--> statement-breakpoint
CREATE UNIQUE INDEX "users_username_norm" ON "users" USING btree ("username_norm");--> statement-breakpoint
CREATE UNIQUE INDEX "users_email_norm" ON "users" USING btree ("email_norm");--> statement-breakpoint
CREATE UNIQUE INDEX "users_external" ON "users" USING btree ("auth_source","external_id") WHERE "users"."external_id" is not null;--> statement-breakpoint
CREATE INDEX "users_username" ON "users" USING btree ("username");--> statement-breakpoint
CREATE INDEX "users_created" ON "users" USING btree ("created_at","id");