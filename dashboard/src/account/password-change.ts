import { useQueryClient } from '@tanstack/react-query'
import { type FormEvent, type RefObject, useEffect, useRef, useState } from 'react'
import { api, isSignedOut } from '../api/client.ts'
import { OWN_ACCOUNT } from './own-account.ts'
import {
  faultsFrom,
  faultsOf,
  firstFault,
  type PasswordFaults,
  type PasswordField,
  type PasswordFields,
} from './password-faults.ts'

export interface PasswordChange {
  readonly fields: PasswordFields
  readonly faults: PasswordFaults
  readonly state: 'open' | 'asking' | 'changed'
  /** Whose `data-field` is where the eyes must go is focused after each attempt. */
  readonly form: RefObject<HTMLFormElement | null>
  type(field: PasswordField, value: string): void
  submit(event: FormEvent): void
}

const EMPTY: PasswordFields = { current: '', next: '', again: '' }

export function usePasswordChange(): PasswordChange {
  const queries = useQueryClient()
  const form = useRef<HTMLFormElement>(null)
  const [fields, setFields] = useState(EMPTY)
  const [faults, setFaults] = useState<PasswordFaults>({})
  const [state, setState] = useState<PasswordChange['state']>('open')
  // A new object each time: the same field may be wrong twice, and is gone to twice.
  const [goTo, setGoTo] = useState<{ readonly field: string | null }>({ field: null })
  useEffect(() => {
    form.current?.querySelector<HTMLElement>(`[data-field="${goTo.field}"]`)?.focus()
  }, [goTo])
  const settle = (wrong: PasswordFaults): void => {
    const field = firstFault(wrong)
    setFaults(wrong)
    setState(field === null ? 'changed' : 'open')
    setGoTo({ field: field ?? 'changed' })
  }
  const ask = async (): Promise<void> => {
    setState('asking')
    try {
      await api.changePassword({ current: fields.current, new: fields.next })
      setFields(EMPTY)
      settle({})
    } catch (error) {
      if (isSignedOut(error)) await queries.invalidateQueries({ queryKey: OWN_ACCOUNT })
      settle(faultsFrom(error))
    }
  }
  return {
    fields,
    faults,
    state,
    form,
    type: (field, value) => {
      setFields({ ...fields, [field]: value })
      setFaults({ ...faults, [field]: undefined })
      setState('open')
    },
    submit: (event) => {
      event.preventDefault()
      if (state === 'asking') return
      const wrong = faultsOf(fields)
      if (firstFault(wrong) === null) void ask()
      else settle(wrong)
    },
  }
}
