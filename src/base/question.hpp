// Questions: one side asks another and goes on; the answer comes later, from the loop.
//
// The side that asks owns the question, an object of a class derived from Question, and withdraws it by
// destroying it. So nothing calls back into what is gone: a session that ends takes its questions with it.
//
// The side that is asked derives from Answerer. It is told when a question is withdrawn, and drops those that
// it still has when it ends itself, so that either side may end first.
//
// Asking allocates nothing: a question holds one pointer, to its answerer, and the answerer keeps questions
// as it likes. A deadline, if there is one, belongs to the answerer too: it knows what it can say when there
// is no more time.
#pragma once

#include <cassert>
#include <utility>

namespace sluice {

template <typename Answer>
class Answerer;

/// A question to somebody. `Answer` is what answered() gets: a reference, or a pointer that may be null. The
/// answerer keeps the question's address, so it can be neither copied nor moved. Not thread-safe.
template <typename Answer>
class Question {
  public:
    using AnswerType = Answer;

    Question() = default;
    Question(const Question&) = delete;
    Question& operator=(const Question&) = delete;
    virtual ~Question() {
        if (answerer_ != nullptr) answerer_->withdrawn(*this);
    }

    /// True: it has been asked, and answered() is still to come.
    bool pending() const { return answerer_ != nullptr; }

  private:
    friend class Answerer<Answer>;

    /// Called at most once each time the question is asked, from the loop and never from within the call that
    /// asks. May destroy the question or ask it again.
    virtual void answered(Answer answer) = 0;

    Answerer<Answer>* answerer_ = nullptr;  // null = it is not pending
};

/// A side that is asked any number of questions. Before it is destroyed it answers or drops those that it has
/// taken and that were not withdrawn.
template <typename Answer>
class Answerer {
  public:
    Answerer(const Answerer&) = delete;
    Answerer& operator=(const Answerer&) = delete;

  protected:
    Answerer() = default;
    ~Answerer() = default;

    /// The question is pending here from now on, and no longer with another answerer that passes it on.
    void take(Question<Answer>& question) { question.answerer_ = this; }
    /// The question will not be answered.
    void drop(Question<Answer>& question) {
        assert(question.answerer_ == this);
        question.answerer_ = nullptr;
    }
    /// Answers the question, which is no longer pending then. May destroy it, and whatever the side that asks
    /// destroys when it hears the answer, this included.
    void answer(Question<Answer>& question, Answer answer) {
        drop(question);
        question.answered(std::forward<Answer>(answer));
    }
    /// The answerer that the question is pending with, or null.
    static const Answerer* of(const Question<Answer>& question) { return question.answerer_; }

  private:
    friend class Question<Answer>;

    /// Called by the question's destructor: of the question, only the address is left.
    virtual void withdrawn(Question<Answer>& question) = 0;
};

/// A side that is asked one question at a time, of the class `Asked`. When it ends it drops the question.
template <typename Asked>
class SingleAnswerer : public Answerer<typename Asked::AnswerType> {
    using Answer = typename Asked::AnswerType;

  protected:
    SingleAnswerer() = default;
    ~SingleAnswerer() {
        if (question_ != nullptr) this->drop(*question_);
    }

    /// The question; null = there is none, or it has been withdrawn.
    Asked* question() const { return question_; }
    void take(Asked& question) {
        assert(question_ == nullptr);
        question_ = &question;
        Answerer<Answer>::take(question);
    }
    /// Answers the question, unless it has been withdrawn. May destroy the question, and this.
    void answer(Answer answer) {
        Asked* const question = std::exchange(question_, nullptr);
        if (question != nullptr) Answerer<Answer>::answer(*question, std::forward<Answer>(answer));
    }

  private:
    void withdrawn(Question<Answer>& /*question*/) final {
        question_ = nullptr;
        question_withdrawn();
    }
    /// Called after the question has been withdrawn. May destroy this.
    virtual void question_withdrawn() {}

    Asked* question_ = nullptr;
};

}  // namespace sluice
