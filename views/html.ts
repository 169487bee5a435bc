/**
 * Turns JSX into HTML text. Everything is escaped; what a strict Content-Security-Policy forbids is refused here already.
 *
 * Views are `*.tsx` files that `import { Html } from '../html'`; components are functions of their props.
 */

/** HTML that is safe to send. Only this module makes it, from escaped parts; `String(markup)` is the text. */
export class Markup {
  readonly #html: string
  constructor(html: string) {
    this.#html = html
  }
  toString(): string {
    return this.#html
  }
}

export type Child = Markup | string | number | boolean | null | undefined | readonly Child[]
type AttributeValue = string | number | boolean | null | undefined
type Props = Record<string, unknown>

/** Marks text as HTML without escaping it: for constants of the build (icons), never for data. */
export const raw = (html: string): Markup => new Markup(html)

/** What a component returns that has nothing to show. */
export const nothing: Markup = new Markup('')

const VOID_ELEMENTS = new Set(['br', 'col', 'hr', 'img', 'input', 'link', 'meta', 'source', 'wbr'])
const URL_ATTRIBUTES = new Set(['href', 'src', 'action', 'formaction', 'poster', 'xlink:href'])
const NAME = /^[a-zA-Z][a-zA-Z0-9:-]*$/

// Browsers skip control characters and blanks inside a scheme, so they are removed before looking.
const IGNORED_IN_SCHEME = /[\u0000-\u0020\u007f-\u009f]/g
const SCRIPTING_SCHEME = /^(javascript|vbscript|data(?!:image\/(png|gif|jpeg|webp)[;,])):/i

const harmlessUrl = (url: string): string => (SCRIPTING_SCHEME.test(url.replace(IGNORED_IN_SCHEME, '')) ? '#' : url)

function renderChild(child: unknown): string {
  if (child instanceof Markup) return child.toString()
  if (child === null || child === undefined || typeof child === 'boolean') return ''
  if (Array.isArray(child)) {
    let html = ''
    for (const part of child) html += renderChild(part)
    return html
  }
  return Bun.escapeHTML(String(child))
}

/** @throws for inline styles and event handlers: the policy of every page blocks them. */
function renderAttribute(name: string, value: AttributeValue): string {
  if (value === null || value === undefined || value === false) return ''
  if (!NAME.test(name)) throw new Error(`not an attribute name: ${name}`)
  if (name === 'style' || /^on/i.test(name)) throw new Error(`attribute ${name} is blocked by the page's policy`)
  if (value === true) return ` ${name}`
  const text = URL_ATTRIBUTES.has(name) ? harmlessUrl(String(value)) : String(value)
  return ` ${name}="${Bun.escapeHTML(text)}"`
}

function createElement(tag: string | ((props: never) => Markup), props: Props | null, ...children: Child[]): Markup {
  if (typeof tag === 'function') {
    const component = tag as (props: Props) => Markup
    return component(children.length === 0 ? { ...props } : { ...props, children })
  }
  if ((tag === 'script' || tag === 'style') && children.length > 0) throw new Error(`inline <${tag}> is not allowed`)
  let attributes = ''
  for (const name in props) attributes += renderAttribute(name, props[name] as AttributeValue)
  if (VOID_ELEMENTS.has(tag)) return new Markup(`<${tag}${attributes}>`)
  return new Markup(`<${tag}${attributes}>${renderChild(children)}</${tag}>`)
}

const Fragment = ({ children }: { children?: Child }): Markup => new Markup(renderChild(children))

export const Html = { createElement, Fragment }

/** `a b` of the truthy names. */
export const classes = (...names: (string | false | undefined)[]): string => names.filter(Boolean).join(' ')

type AttributeName =
  | 'as'
  | 'action'
  | 'alt'
  | 'autocapitalize'
  | 'autocomplete'
  | 'autofocus'
  | 'charset'
  | 'checked'
  | 'class'
  | 'colspan'
  | 'content'
  | 'crossorigin'
  | 'cx'
  | 'cy'
  | 'd'
  | 'datetime'
  | 'defer'
  | 'dir'
  | 'disabled'
  | 'enterkeyhint'
  | 'fill'
  | 'for'
  | 'formaction'
  | 'height'
  | 'hidden'
  | 'href'
  | 'hreflang'
  | 'id'
  | 'label'
  | 'inputmode'
  | 'lang'
  | 'max'
  | 'maxlength'
  | 'media'
  | 'method'
  | 'minlength'
  | 'name'
  | 'novalidate'
  | 'open'
  | 'pattern'
  | 'placeholder'
  | 'popover'
  | 'popovertarget'
  | 'popovertargetaction'
  | 'preserveAspectRatio'
  | 'r'
  | 'readonly'
  | 'rel'
  | 'required'
  | 'role'
  | 'rows'
  | 'rx'
  | 'scope'
  | 'selected'
  | 'size'
  | 'sizes'
  | 'spellcheck'
  | 'src'
  | 'step'
  | 'stroke'
  | 'stroke-linecap'
  | 'stroke-linejoin'
  | 'stroke-width'
  | 'tabindex'
  | 'target'
  | 'title'
  | 'translate'
  | 'type'
  | 'value'
  | 'viewBox'
  | 'width'
  | 'xmlns'

type Attributes = { readonly [name in AttributeName]?: AttributeValue } & { readonly children?: Child }

declare global {
  namespace JSX {
    type Element = Markup
    interface ElementChildrenAttribute {
      children: unknown
    }
    interface IntrinsicElements {
      [tag: string]: Attributes
    }
  }
}
