'use client'
// In which language the components below a provider speak.

import { createContext, useContext, useMemo } from 'react'
import { type SomeTexts, type Texts, textsOf } from './texts.js'

/** In which language a component speaks. */
export interface WordingProps {
  /** A BCP 47 tag, for the texts (English, or Korean with `ko`) and for how dates are written. By default the provider's. */
  locale?: string | undefined
  /** Texts to be replaced. By default the provider's. */
  texts?: SomeTexts | undefined
}

export interface Wording {
  readonly locale: string
  readonly texts: Texts
}

export const WordingContext = /* @__PURE__ */ createContext<WordingProps>({})

/** The texts of a component: its own, else the provider's, else English. */
export function useWording(own: WordingProps): Wording {
  const given = useContext(WordingContext)
  const locale = own.locale ?? given.locale ?? 'en'
  const replaced = own.texts ?? given.texts
  return useMemo(() => ({ locale, texts: textsOf(locale, replaced) }), [locale, replaced])
}
