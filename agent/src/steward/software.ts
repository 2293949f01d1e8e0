/** What this agent calls itself to the centre; a test holds it to the version in package.json. */
export const SOFTWARE = 'aloft/0.1.0'
