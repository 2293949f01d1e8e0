import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { isForbidden, isSignedOut } from './api/client.ts'
import { App } from './app.tsx'
import './design/theme.css'
import './design/layout.css'
import './design/stacked.css'
import './design/forms.css'

const root = document.getElementById('root')
if (root === null) throw new Error('index.html has no #root')

// The stream keeps everything fresh; refetching on focus would only add load.
const queries = new QueryClient({
  defaultOptions: {
    queries: {
      refetchOnWindowFocus: false,
      staleTime: Number.POSITIVE_INFINITY,
      retry: (failures, error) => failures < 1 && !isSignedOut(error) && !isForbidden(error),
    },
  },
})

createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <App />
    </QueryClientProvider>
  </StrictMode>,
)
