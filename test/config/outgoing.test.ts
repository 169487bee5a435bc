/** Settings of requests to other servers. */
import { describe, expect, test } from 'bun:test'
import { selfSignedCertificate } from '../support/certificate'
import { file, folder, problems, settings } from './support'

describe('OUTGOING_ALLOWED_HOSTS', () => {
  test('names, addresses and ranges', () => {
    const OUTGOING_ALLOWED_HOSTS = 'crm.corp, CRM2.corp.example,app_1,10.1.2.3,10.0.0.0/8,fd00::/8,::1'
    expect(problems({ OUTGOING_ALLOWED_HOSTS })).toEqual([])
    expect(settings({ OUTGOING_ALLOWED_HOSTS }).OUTGOING_ALLOWED_HOSTS).toHaveLength(7)
  })

  test.each([
    '*.corp',
    'https://crm.corp',
    'crm.corp:8443',
    '10.0.0.0/33',
    '10.0.0',
    '1.2.3.4.5',
    'a/8',
    '-a.corp',
    'a b',
  ])('%p is refused', (entry) => {
    expect(problems({ OUTGOING_ALLOWED_HOSTS: entry })).toEqual([
      `invalid OUTGOING_ALLOWED_HOSTS entry: "${entry}" (expected a host name, an IP address or a CIDR range)`,
    ])
  })
})

describe('OUTGOING_CA_FILE', () => {
  test('a file with certificates', () => {
    const { certFile } = selfSignedCertificate(folder(), 'ca.example')
    expect(problems({ OUTGOING_CA_FILE: certFile })).toEqual([])
  })

  test('one that is missing or holds none stops the start', () => {
    const empty = file('no certificate')
    expect(problems({ OUTGOING_CA_FILE: empty })).toEqual([
      `OUTGOING_CA_FILE ${empty} holds no PEM certificate; it must hold at least one`,
    ])
    expect(problems({ OUTGOING_CA_FILE: '/nowhere/ca.pem' })).toEqual([
      'cannot read OUTGOING_CA_FILE /nowhere/ca.pem: ENOENT; it must name a file this user can read',
    ])
  })
})
