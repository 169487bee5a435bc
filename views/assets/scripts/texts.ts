/** What the scripts say, in the language of the page. */
import { scripts as en } from '../../messages/en/scripts'
import { scripts as zhTW } from '../../messages/zh-TW/scripts'

export const pageLanguage = document.documentElement.lang || 'en'

export const texts = pageLanguage === 'zh-TW' ? zhTW : en
