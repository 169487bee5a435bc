/**
 * GET `/device/qr`: the verification address as a QR code (RFC 8628 §3.3.1), for programs and devices that cannot draw
 * one themselves: `curl 'https://id.example.com/device/qr?user_code=WDJB-MJHT'`.
 *
 * Nothing is looked up: the picture says only what its caller already knows.
 */
import { t } from 'elysia'
import { renderSVG, renderUnicodeCompact } from 'uqr'
import type { Context } from '../../context'
import { plainText } from '../../edge/plain-text'
import { dataHeaders } from '../../edge/security-headers'
import { infrastructureSurface } from '../../edge/surfaces/infrastructure'
import { formatUserCode, readUserCode } from './user-code'

const Query = t.Object({
  user_code: t.Optional(t.String()),
  /** `svg` for screens; otherwise half-block characters for terminals. */
  format: t.Optional(t.String()),
})

/** Phones need four modules of quiet zone around the code (ISO/IEC 18004). */
const QUIET_ZONE = 4

export function deviceQrCode(context: Context) {
  const headers = { ...dataHeaders(context.settings), 'Cache-Control': 'no-store' }
  return infrastructureSurface(context).get(
    '/device/qr',
    ({ query }) => {
      const code = readUserCode(query.user_code ?? '')
      if (!code) return plainText('user_code is missing or is no user code\n', 400)
      const address = `${context.settings.issuer}/device?user_code=${formatUserCode(code)}`
      if (query.format !== 'svg')
        return plainText(`${renderUnicodeCompact(address, { border: QUIET_ZONE })}\n${address}\n`, 200)
      return new Response(renderSVG(address, { border: QUIET_ZONE }), {
        headers: { ...headers, 'Content-Type': 'image/svg+xml' },
      })
    },
    { query: Query },
  )
}
