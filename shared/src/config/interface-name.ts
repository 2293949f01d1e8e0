import { text } from './schema-parts.ts'

/** Linux: IFNAMSIZ is 16 with the closing NUL, and a name is also a folder in /sys/class/net. */
export function interfaceName(key: string) {
  return text({
    key,
    accepts: (value) => /^[^\s/:]{1,15}$/.test(value) && value !== '.' && value !== '..',
    wants: 'the name of a network interface: 1 to 15 characters, no space, slash or colon',
    example: 'eth0',
    pattern: '^[^\\s/:]{1,15}$',
  })
}
