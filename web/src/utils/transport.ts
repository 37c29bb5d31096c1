/** True if others on the way can read what goes to this host: no TLS, and another machine. */
export function isOpenWay({ protocol, hostname }: { protocol: string; hostname: string }): boolean {
  if (protocol !== 'http:') return false
  return hostname !== 'localhost' && !hostname.endsWith('.localhost') && hostname !== '[::1]' && !/^127(\.\d+){3}$/.test(hostname)
}
