import { PASSWORD_MIN } from '@aloft/shared/api/password-length'
import { useState } from 'react'
import { usePasswordChange } from './password-change.ts'
import type { PasswordField } from './password-faults.ts'
import { PasswordInput } from './password-input.tsx'

const HINT = `At least ${PASSWORD_MIN} characters. Several words that have nothing to do with each other do well.`

/** `name` is whose password it is, for the browser's own store of passwords. */
export function PasswordForm({ name }: { readonly name: string }) {
  const { fields, faults, state, form, type, submit } = usePasswordChange()
  const [shown, setShown] = useState(false)
  const inputOf = (field: PasswordField) => ({
    name: field,
    value: fields[field],
    fault: faults[field],
    shown,
    onType: (value: string) => type(field, value),
  })
  return (
    <form ref={form} className="fields" onSubmit={submit} noValidate>
      {faults.form !== undefined && <Refused why={faults.form} />}
      {state === 'changed' && <Changed />}
      <input type="text" name="username" autoComplete="username" value={name} readOnly hidden />
      <PasswordInput label="Current password" autoComplete="current-password" {...inputOf('current')} />
      <PasswordInput label="New password" autoComplete="new-password" hint={HINT} {...inputOf('next')} />
      <PasswordInput label="New password again" autoComplete="new-password" {...inputOf('again')} />
      <label className="choice">
        <input type="checkbox" checked={shown} onChange={(event) => setShown(event.target.checked)} />
        Show what is typed
      </label>
      <p className="quiet small">Wherever else you are signed in, you are signed out by it.</p>
      <button type="submit" className="primary" aria-disabled={state === 'asking'}>
        {state === 'asking' ? 'Changing…' : 'Change password'}
      </button>
    </form>
  )
}

function Refused({ why }: { readonly why: string }) {
  return (
    <p className="note note-bad sentence" role="alert" tabIndex={-1} data-field="form">
      {why}
    </p>
  )
}

function Changed() {
  return (
    <p className="note note-good" role="status" tabIndex={-1} data-field="changed">
      Your password is changed. This browser stays signed in, every other one was signed out. API tokens go on
      working.
    </p>
  )
}
