"""The dashboard, as Streamlit runs it: one look, one navigation, one page at a time."""

import streamlit as st

from dashboard import settings, state
from dashboard.doors import guarded
from dashboard.views import about, prompt

st.set_page_config(page_title="spexcore", page_icon=str(settings.LOGO), layout="wide")
st.html(settings.THEME_CSS)
st.logo(str(settings.LOGO), size="medium")
state.begin()
page = st.navigation(
    [
        st.Page(prompt.show, title="Prompt", url_path="prompt", default=True),
        st.Page(about.show, title="About", url_path="about"),
    ],
    position="top",
)
with guarded():
    page.run()
