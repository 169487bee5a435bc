/** Whether `If-None-Match` names the entity tag: the weak comparison of RFC 9110 §13.1.2. */
export const namesEtag = (header: string, etag: string): boolean =>
  header.trim() === '*' || header.split(',').some((each) => each.trim().replace(/^W\//, '') === etag)
