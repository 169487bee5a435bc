import { flag, integer, list, secret, text } from '../setting'

export const redisSettings = {
  REDIS_ADDR: text('localhost:6379', 'Redis address host:port, or a redis:// or rediss:// URL.'),
  REDIS_USERNAME: text('', 'Redis ACL user.'),
  REDIS_PASSWORD: secret('Redis password.'),
  REDIS_DB: integer(0, 'Redis database number.', { min: 0 }),
  REDIS_TLS: flag(false, 'Connects to Redis, and to Sentinels, over TLS.'),
  REDIS_TLS_CA_FILE: text(
    '',
    'PEM certificates of the authorities that vouch for Redis, in place of those of the system.',
  ),
  REDIS_TLS_CERT_FILE: text('', 'PEM certificate that Redis is shown, where it asks for one.'),
  REDIS_TLS_KEY_FILE: text('', 'PEM key of REDIS_TLS_CERT_FILE.'),
  REDIS_SENTINEL_ADDRS: list(
    [],
    'Addresses host:port of the Sentinels that name the Redis primary, all of them; in place of REDIS_ADDR.',
  ),
  REDIS_SENTINEL_MASTER: text('mymaster', 'Name under which the Sentinels watch the primary.'),
  REDIS_SENTINEL_USERNAME: text('', 'ACL user of the Sentinels.'),
  REDIS_SENTINEL_PASSWORD: secret('Password of the Sentinels.'),
  REDIS_CLUSTER_ADDRS: list(
    [],
    'Addresses host:port of nodes of a Redis Cluster, most of its primaries among them; in place of REDIS_ADDR.',
  ),
}
