const texts = {
  en: {
    none: 'There is no site yet.',
    name: 'Name of the site',
    add: 'Add site',
    /** @param {string} name */
    added: (name) => `${name} was added.`,
    /** @param {number} count */
    arrivals: (count) => `${count} agents since`,
  },
  de: {
    none: 'Noch gibt es keinen Standort.',
    name: 'Name des Standorts',
    add: 'Standort anlegen',
    /** @param {string} name */
    added: (name) => `${name} wurde angelegt.`,
    /** @param {number} count */
    arrivals: (count) => `${count} Agenten seitdem`,
  },
}

/** @param {import('ae-backend/page').Language} language */
export const textsOf = (language) => texts[language]
