import { useQuery } from '@tanstack/react-query'
import { api } from '../api/client.ts'
import { untilAnswered } from '../live/ask-again.ts'

export const OWN_ACCOUNT = ['account'] as const

export const useAccount = () =>
  useQuery({ queryKey: OWN_ACCOUNT, queryFn: api.account, refetchInterval: untilAnswered })
