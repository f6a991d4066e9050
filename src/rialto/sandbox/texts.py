"""What the sandbox's pages say, in English and German."""

from __future__ import annotations

ENGLISH: dict[str, str] = {
    "sandbox_badge": "Sandbox",
    "sandbox_note": "Nothing is charged here. Only test cards work.",
    "card_title": "Pay by card",
    "number": "Card number",
    "expiry": "Expiry date",
    "expiry_hint": "MM / YY",
    "cvc": "Security code",
    "cvc_hint": "3–4 digits",
    "name": "Name on card",
    "pay": "Use this card",
    "cancel": "Cancel and go back to the shop",
    "amount": "Amount",
    "errors_title": "Please check the card",
    "needs_script": "This card form needs JavaScript. Without it, choose payment on the provider's own page.",
    "unreachable": "The payment provider does not answer. Please try again.",
    "test_cards": "Test cards",
    "test_cards_note": "Any future date, any security code and any name will do.",
    "use": "Fill in",
    "card_success": "is accepted",
    "card_declined": "is declined",
    "card_insufficient_funds": "has insufficient funds",
    "card_challenge": "asks for 3-D Secure",
    "card_slow": "answers slowly",
    "card_lost_reply": "is accepted, but the answer is lost",
    "challenge_title": "Confirm your payment",
    "challenge_lead": "Your bank asks whether this payment is yours.",
    "challenge_card": "Card",
    "challenge_reference": "Reference",
    "challenge_accept": "Confirm payment",
    "challenge_refuse": "Refuse payment",
    "challenge_leave": "Leave without an answer",
    "challenge_until": "Without an answer the payment is declined after a few minutes.",
    "closed_title": "Already answered",
    "closed_lead": "This page has done its work. Go on in the shop.",
    "back": "Back to the shop",
    "gone_title": "This page has expired",
    "gone_lead": "Go back to the shop and start the payment again. Nothing was charged.",
    "missing_title": "There is nothing here",
    "missing_lead": "The address is wrong or was used long ago. Go back to the shop and try again.",
    "busy_title": "Please try again",
    "busy_lead": "The payment provider cannot answer at the moment.",
    "number_missing": "Enter the card number.",
    "number_invalid": "This card number is not valid.",
    "not_a_test_card": "This is a sandbox: only its test cards are accepted. Never enter a real card.",
    "expiry_missing": "Enter the expiry date.",
    "expiry_invalid": "Enter the date as month and year, such as 12 / 34.",
    "card_expired": "This card has expired.",
    "cvc_missing": "Enter the security code.",
    "cvc_invalid": "The security code has 3 or 4 digits.",
    "name_missing": "Enter the name on the card.",
    "too_long": "This is too long.",
}

GERMAN: dict[str, str] = {
    "sandbox_badge": "Testmodus",
    "sandbox_note": "Hier wird nichts abgebucht. Nur Testkarten funktionieren.",
    "card_title": "Mit Karte zahlen",
    "number": "Kartennummer",
    "expiry": "Gültig bis",
    "expiry_hint": "MM / JJ",
    "cvc": "Prüfnummer",
    "cvc_hint": "3–4 Ziffern",
    "name": "Name auf der Karte",
    "pay": "Diese Karte verwenden",
    "cancel": "Abbrechen und zurück zum Shop",
    "amount": "Betrag",
    "errors_title": "Bitte prüfen Sie die Karte",
    "needs_script": "Dieses Kartenformular braucht JavaScript. Wählen Sie sonst die Zahlung auf der Seite des Anbieters.",
    "unreachable": "Der Zahlungsanbieter antwortet nicht. Bitte versuchen Sie es noch einmal.",
    "test_cards": "Testkarten",
    "test_cards_note": "Jedes künftige Datum, jede Prüfnummer und jeder Name sind recht.",
    "use": "Einsetzen",
    "card_success": "wird angenommen",
    "card_declined": "wird abgelehnt",
    "card_insufficient_funds": "ist nicht gedeckt",
    "card_challenge": "verlangt 3-D Secure",
    "card_slow": "antwortet langsam",
    "card_lost_reply": "wird angenommen, aber die Antwort geht verloren",
    "challenge_title": "Zahlung bestätigen",
    "challenge_lead": "Ihre Bank fragt, ob diese Zahlung von Ihnen ist.",
    "challenge_card": "Karte",
    "challenge_reference": "Referenz",
    "challenge_accept": "Zahlung bestätigen",
    "challenge_refuse": "Zahlung ablehnen",
    "challenge_leave": "Ohne Antwort verlassen",
    "challenge_until": "Ohne Antwort wird die Zahlung nach einigen Minuten abgelehnt.",
    "closed_title": "Schon beantwortet",
    "closed_lead": "Diese Seite hat ihre Arbeit getan. Weiter geht es im Shop.",
    "back": "Zurück zum Shop",
    "gone_title": "Diese Seite ist abgelaufen",
    "gone_lead": "Gehen Sie zurück zum Shop und beginnen Sie die Zahlung neu. Es wurde nichts abgebucht.",
    "missing_title": "Hier ist nichts",
    "missing_lead": "Die Adresse ist falsch oder schon lange verwendet. Gehen Sie bitte zurück zum Shop.",
    "busy_title": "Bitte noch einmal versuchen",
    "busy_lead": "Der Zahlungsanbieter kann gerade nicht antworten.",
    "number_missing": "Geben Sie die Kartennummer ein.",
    "number_invalid": "Diese Kartennummer ist nicht gültig.",
    "not_a_test_card": "Dies ist eine Testumgebung: Nur ihre Testkarten gelten. Geben Sie nie eine echte Karte ein.",
    "expiry_missing": "Geben Sie das Ablaufdatum ein.",
    "expiry_invalid": "Geben Sie Monat und Jahr ein, zum Beispiel 12 / 34.",
    "card_expired": "Diese Karte ist abgelaufen.",
    "cvc_missing": "Geben Sie die Prüfnummer ein.",
    "cvc_invalid": "Die Prüfnummer hat 3 oder 4 Ziffern.",
    "name_missing": "Geben Sie den Namen auf der Karte ein.",
    "too_long": "Das ist zu lang.",
}

TEXTS = {"en": ENGLISH, "de": GERMAN}
DEFAULT_LANGUAGE = "en"


def known_language(asked: str) -> str:
    """The first of `TEXTS` that `asked` (a tag or an Accept-Language list) names, English otherwise."""
    for part in asked.lower().split(","):
        language = part.strip()[:2]
        if language in TEXTS:
            return language
    return DEFAULT_LANGUAGE


def field_message(code: str, language: str) -> str:
    """The sentence for a problem of a card field."""
    return TEXTS[language].get(code, code)
