/** Bodies of page forms: URL-encoded or multipart, read under the same limit. */
import { BODY_LIMIT, BodyTooLarge, mediaType, readBytes, readText } from './body'
import { type Form, MalformedForm, parseForm, RepeatedParameter } from './form'
import { PageError } from './page-error'

/** Throws `PageError`. */
export async function readPageBody(request: Request): Promise<Form> {
  try {
    switch (mediaType(request)) {
      case '':
        return Object.create(null)
      case 'application/x-www-form-urlencoded':
        return parseForm(limited(await readText(request)))
      case 'multipart/form-data':
        return await readMultipart(request)
    }
  } catch (error) {
    if (error instanceof BodyTooLarge) throw new PageError(413, (t) => t.errors.tooLarge)
    if (error instanceof MalformedForm || error instanceof RepeatedParameter)
      throw new PageError(400, (t) => t.errors.formNotUnderstood)
    throw error
  }
  throw new PageError(415, (t) => t.errors.notAForm)
}

function limited(text: string): string {
  if (text.length > BODY_LIMIT) throw new BodyTooLarge('body too large')
  return text
}

async function readMultipart(request: Request): Promise<Form> {
  const bytes = await readBytes(request)
  const headers = { 'content-type': request.headers.get('content-type') ?? '' }
  const parts = await new Response(bytes, { headers }).formData().catch(() => {
    throw new MalformedForm('multipart')
  })
  const form: Form = Object.create(null)
  for (const [name, value] of parts) {
    if (name in form) throw new RepeatedParameter(name)
    if (typeof value !== 'string' || value.includes('\u0000')) throw new MalformedForm('not a text')
    form[name] = value
  }
  return form
}
