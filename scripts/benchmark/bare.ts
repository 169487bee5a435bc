/** The yardstick: a server that does nothing but read a form and answer a constant. */
const json = JSON.stringify({ active: true, scope: 'read write', client_id: 'bench', token_type: 'Bearer' })
const headers = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' }

const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  routes: { '/static': new Response(json, { headers }) },
  async fetch(request) {
    const form = new URLSearchParams(await request.text())
    return new Response(form.get('token') === null ? '{}' : json, { headers })
  },
})
console.log(server.port)
