import type { Member } from '@aloft/shared/api/schemas'

type Shape = 'active' | 'heard' | 'backup' | 'fault' | 'initialize' | 'unknown'

/** Every role has a word and a shape of its own, so that colour is never the only sign. */
const LOOKS: Readonly<Record<Shape, { readonly word: string; readonly meaning: string }>> = {
  active: { word: 'Active', meaning: 'holds the addresses' },
  heard: { word: 'Heard active', meaning: 'not seen itself, but a backup hears it as the active' },
  backup: { word: 'Backup', meaning: 'stands by' },
  fault: { word: 'Fault', meaning: 'cannot take part' },
  initialize: { word: 'Stopped', meaning: 'takes no part' },
  unknown: { word: 'Unknown', meaning: 'the agent cannot be seen' },
}

export function RoleBadge({ member }: { readonly member: Member }) {
  const shape: Shape = member.role ?? (member.heard ? 'heard' : 'unknown')
  const { word, meaning } = LOOKS[shape]
  const hint =
    member.role === null
      ? `${member.node}: ${meaning}; last known ${LOOKS[member.lastKnownRole].word.toLowerCase()} at priority ${member.priority}`
      : `${member.node}: ${meaning} at priority ${member.priority}, since ${new Date(member.since).toLocaleString()}`
  return (
    <span className={`role role-${shape}`} title={hint}>
      <RoleShape shape={shape} />
      <span className="role-word">{word}</span>
      <span className="role-priority">{member.priority}</span>
    </span>
  )
}

function RoleShape({ shape }: { readonly shape: Shape }) {
  return (
    <svg className="role-shape" viewBox="0 0 12 12" aria-hidden="true">
      {shape === 'active' && <circle cx="6" cy="6" r="5" fill="currentColor" />}
      {shape === 'heard' && (
        <>
          <circle cx="6" cy="6" r="4.8" fill="none" stroke="currentColor" strokeWidth="1.2" />
          <circle cx="6" cy="6" r="2.4" fill="currentColor" />
        </>
      )}
      {shape === 'backup' && (
        <circle cx="6" cy="6" r="4.2" fill="none" stroke="currentColor" strokeWidth="1.6" />
      )}
      {shape === 'fault' && <path d="M6 1 11.4 11H.6z" fill="currentColor" />}
      {shape === 'initialize' && (
        <rect x="1.5" y="1.5" width="9" height="9" fill="none" stroke="currentColor" strokeWidth="1.6" />
      )}
      {shape === 'unknown' && (
        <path
          d="M6 .8 11.2 6 6 11.2.8 6z"
          fill="none"
          stroke="currentColor"
          strokeWidth="1.5"
          strokeDasharray="2 1.4"
        />
      )}
    </svg>
  )
}
